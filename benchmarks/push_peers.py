"""The other tools of the push benchmark: how each is had, and how it is started.

Each package gets an environment of its own below ``.cache/push-peers``, made once by the benchmark itself; what cannot
be installed is a row that says so. Ansible and ansible-runner are in Muster's own environment already.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "push-peers"
FORKS = 50
"""Of Ansible; more are slower on few cores."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One other tool.

    Attributes:
        script: in ``benchmarks/peers``; it takes the job's file and prints one line of JSON. Empty for a command.
        package: what is installed for it, with its version; empty where Muster's own environment has it.
        module: what can be imported when it is there.
        slow: so slow that fewer rounds may be asked of it.
        note: what a reader of its row must know.
    """

    name: str
    script: str = ""
    package: str = ""
    module: str = ""
    slow: bool = False
    note: str = ""

    @property
    def python(self) -> Path:
        """The interpreter that has it."""
        return CACHE / self.name / "bin/python" if self.package else Path(sys.executable)

    @property
    def is_command(self) -> bool:
        """Whether it is started as a command, so that its start counts."""
        return not self.script

    def command(self, folder: Path) -> list[str]:
        """What is run for a job in ``folder``."""
        if self.script:
            return [str(self.python), str(HERE / "peers" / self.script), str(folder / "job.json")]
        tool = str(self.python.with_name(self.name))
        if self.name == "pyinfra":
            here = HERE / "peers"
            return [tool, "-y", "--parallel", "100", str(here / "pyinfra_hosts.py"), str(here / "pyinfra_fix.py")]
        extra = ["-e", f"@{folder / 'variables.json'}", str(HERE / "push_fix.yml")]
        return [tool, "-i", str(folder / "inventory.ini"), "-f", str(FORKS), *extra]


PEERS = (
    Peer("ssh2-python", "ssh2_python.py", "ssh2-python==1.2.0.post1", "ssh2.session"),
    Peer("parallel-ssh", "parallel_ssh.py", "parallel-ssh==2.16.0.post1", "pssh.clients", note="checks no host keys"),
    Peer("asyncssh", "async_ssh.py", "asyncssh==2.24.1", "asyncssh", note="ciphers and exchanges chosen for speed"),
    Peer("pyinfra", package="pyinfra==3.10.0", module="pyinfra", slow=True, note="its start counts"),
    Peer("ansible-playbook", slow=True, note="its start counts"),
    Peer("ansible-runner", "runner_alone.py", slow=True),
)
BY_NAME = {peer.name: peer for peer in PEERS}


def install(peer: Peer) -> str:
    """Put a peer into its environment, unless it is there; why it cannot be had, or empty."""
    if not peer.package or _imports(peer):
        return ""
    home = CACHE / peer.name
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    for step in _steps(home, peer.package):
        made = subprocess.run(step, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(home, ignore_errors=True)
            words = made.stderr.strip().splitlines() or ["no reason given"]
            return f"could not be installed: {words[-1][:200]}"
    return "" if _imports(peer) else "was installed and cannot be imported"


def _steps(home: Path, package: str) -> list[list[str]]:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        python = str(home / "bin/python")
        return [
            [str(uv), "venv", "-q", "--python", sys.executable, str(home)],
            [str(uv), "pip", "install", "-q", "--python", python, package],
        ]
    return [[sys.executable, "-m", "venv", str(home)], [str(home / "bin/pip"), "install", "-q", package]]


def _imports(peer: Peer) -> bool:
    if not peer.python.exists():
        return False
    test = [str(peer.python), "-c", f"import {peer.module}"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0
