"""Keeps a Prefect server for as long as somebody uses it, and a while longer.

``python -m flows.keeper HOME PORT IDLE_S``. The next command then begins at once instead of waiting for a server to
start. Users hold a shared lock on ``users.lock`` (see ``flows.server``); once nobody has for ``IDLE_S`` seconds, the
server is ended.
"""

import subprocess
import sys
import time
from pathlib import Path

from flows.locks import RECORD_FILE, START_LOCK, USERS_LOCK, alone, nobody_holds

LOOK_SECONDS = 1.0
STOP_TIMEOUT_S = 10.0


def main() -> None:
    """Start the server, and end it when it has been idle for long enough or has ended by itself."""
    home, port, idle_s = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with subprocess.Popen(command) as server:
        _wait_until_idle(home, server, idle_s)


def _wait_until_idle(home: Path, server: subprocess.Popen[bytes], idle_s: float) -> None:
    used_at = time.monotonic()
    while server.poll() is None:
        time.sleep(LOOK_SECONDS)
        with alone(home / START_LOCK):  # nobody can begin to use it while we decide
            if not nobody_holds(home / USERS_LOCK):
                used_at = time.monotonic()
            elif time.monotonic() - used_at >= idle_s:
                (home / RECORD_FILE).unlink(missing_ok=True)
                _end(server)
                return


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    main()
