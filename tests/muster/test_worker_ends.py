"""``muster worker`` ends when it is asked to, however it was begun."""

import subprocess
import sys

CHILD = "import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: print('ended in order', flush=True)"
WORKER = f"""
import os, signal, sys
from threading import Timer
from muster.cli.worker import _until_it_ends
signal.signal(signal.SIGINT, signal.SIG_IGN)
Timer(3.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
print(_until_it_ends([sys.executable, "-c", {CHILD!r}], dict(os.environ)))
"""


def test_a_worker_that_was_begun_with_ctrl_c_ignored_ends_all_the_same() -> None:
    """As ``nohup`` and a script's ``&`` begin it."""
    said = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, timeout=120, check=True)
    assert said.stdout.split("\n")[:2] == ["ended in order", "0"]
