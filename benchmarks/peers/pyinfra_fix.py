# mypy: ignore-errors
"""The stand-in fix of the push benchmark as pyinfra's operations: bring the file, swap the link, verify."""

import json
import os
from pathlib import Path

from pyinfra.operations import files, server

_JOB = json.loads(Path(os.environ["MUSTER_BENCH_JOB"]).read_text())
_NEW = f"/opt/fix-{_JOB['sha256']}"

files.put(name="Bring the file", src=_JOB["payload"], dest=_NEW, mode="644")
files.link(name="Swap the link", path="/opt/fix-current", target=_NEW)
server.shell(name="Verify", commands=[f"sha256sum < /opt/fix-current | grep -q {_JOB['sha256']}"])
