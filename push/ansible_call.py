"""One call of ansible-runner: a private folder that is always removed, a clean environment, and an end at any moment.

- The folder holds the inventory, the variables, the script and the payload, and no secret: keys and passwords are
  handed over in files that exist in memory only (``memfd_create``), which Ansible opens through ``/proc``.
- The environment is made anew; of ours only PATH, and the agent's socket where an agent is wanted, go in, because
  ansible-runner writes it into its artifacts.
- Every process of the call carries ``MUSTER_ANSIBLE_CALL``; ``end`` kills them all by it: Ansible's workers leave their
  process group. OpenSSH's masters, which outlive everybody, write over their environment, and are known by their title.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

from muster.errors import SecretError
from push.ansible_remote import end_at_hosts

MARK = "MUSTER_ANSIBLE_CALL"
_FOLDER = "muster-ansible-"
_DIES_WITH_US = "import ctypes,os,sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""PR_SET_PDEATHSIG: a playbook must not go on when the process that holds the leases is gone."""
_KILL_ROUNDS = 10


class _Unsafe(str):
    """Text that Ansible must never read as a template: whoever writes a fleet file would else run code here."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


def _represent(dumper: yaml.SafeDumper, text: _Unsafe) -> yaml.ScalarNode:
    """Text that stays text: marked as unsafe, or only quoted where Ansible would take it for something else.

    Ansible reads what is so marked like a plain word: 'yes' becomes true, and 0640 becomes 416. Such words can be no
    templates.
    """
    plain: str = dumper.resolve(yaml.ScalarNode, str(text), (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar("!unsafe" if plain == _TEXT else _TEXT, str(text), style="'")


_TEXT = "tag:yaml.org,2002:str"
_Dumper.add_representer(_Unsafe, _represent)

Values = Mapping[str, object]


def dump(values: object) -> str:
    """YAML for Ansible in which every text of ours is marked as unsafe to template."""
    return yaml.dump(_marked(values), Dumper=_Dumper, width=10_000, allow_unicode=True, sort_keys=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A template of our own making, the one thing that Ansible shall evaluate."""

    text: str


def _marked(values: object) -> object:
    match values:
        case Template(text):
            return text
        case str():
            return _Unsafe(values)
        case list():
            return [_marked(value) for value in values]
        case Mapping():
            return {str(key): _marked(value) for key, value in values.items()}
        case _:
            return values


@dataclass
class Secrets:
    """Files that exist in this process's memory only, for as long as the call lasts."""

    _files: dict[bytes, int] = field(default_factory=dict, repr=False)

    def file(self, content: bytes) -> str:
        """A path that other processes of this user can open, with this content.

        Raises:
            SecretError: this system has no such files.
        """
        if not hasattr(os, "memfd_create"):
            raise SecretError(
                "this system cannot hand a secret to Ansible without a file", hint="use an SSH agent: agent:"
            )
        if content not in self._files:
            descriptor = self._files[content] = os.memfd_create("muster", os.MFD_CLOEXEC)
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, content)
        descriptor = self._files[content]
        return f"/proc/{os.getpid()}/fd/{descriptor}"

    def forget(self) -> None:
        """Close them all."""
        while self._files:
            os.close(self._files.popitem()[1])


@dataclass(frozen=True, slots=True)
class Request:
    """What one call is to do.

    Attributes:
        playbook: its file.
        hosts: the variables of each host, by its inventory name.
        files: name and content of the files that the playbook reads; each becomes the variable ``muster_<name>``.
        variables: other variables of the call.
        environment: settings of Ansible, on top of the clean ones.
        forks: hosts at one time.
        check: change nothing, and say what would be changed.
    """

    playbook: Path
    hosts: Mapping[str, Values]
    files: Mapping[str, bytes]
    variables: Values
    environment: Mapping[str, str]
    forks: int
    check: bool = False


class Call:
    """One call, from ``run`` (which blocks) to ``end`` (from any thread)."""

    def __init__(self, request: Request, on_event: Callable[[Mapping[str, object]], None]) -> None:
        self._request = request
        self._on_event = on_event
        self._mark = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._folder: Path | None = None
        self._running = False
        self._ending = threading.Event()

    def run(self) -> str:
        """Carry the playbook out; what Ansible complained of, empty when it ended well or hosts failed on their own."""
        with _private_folder() as folder:
            self._folder = folder
            self._running = True
            try:
                return self._run(folder)
            finally:
                self._running = False
                self._reap()

    def end(self, *, at_hosts: bool = False) -> None:
        """Kill every process of the call at once; ``at_hosts`` ends what it has begun there, too, in 3 s at most."""
        if at_hosts and not self._ending.is_set() and self._running and self._folder is not None:
            for process in _processes_of(self._mark, None):
                with contextlib.suppress(psutil.Error):
                    process.suspend()  # so that no next task is begun when the present one is ended at its host
            end_at_hosts(self._folder / "cp", {"PATH": os.environ.get("PATH", os.defpath)})
        self._ending.set()
        self._reap()

    def _run(self, folder: Path) -> str:
        # Slow to import, and not needed by whoever pushes over SSH only.
        from ansible_runner import Runner, RunnerConfig

        variables = self._lay_out(folder)
        config = RunnerConfig(
            private_data_dir=str(folder),
            playbook=str(self._request.playbook),
            inventory=str(folder / "inventory.yml"),
            cmdline=f"-e @{variables}{' --check --diff' if self._request.check else ''}",
            forks=self._request.forks,
            settings={"pexpect_timeout": 0.2},
            quiet=True,
            suppress_env_files=True,
            fact_cache_type="memory",
        )
        config.prepare()
        config.env = self._environment(folder, config.env)
        config.command = _tied_to_us(config.command, config.env["PATH"])
        runner = Runner(config, event_handler=self._hear, cancel_callback=self._ending.is_set)
        runner.run()
        self._hear_the_rest(Path(config.artifact_dir) / "job_events")
        return _complaint(Path(config.artifact_dir) / "stdout", runner.rc)

    def _hear(self, event: Mapping[str, object]) -> bool:
        """Runs inside ansible-runner's pump: hand it on, and keep no file of it."""
        self._on_event(event)
        return False

    def _hear_the_rest(self, folder: Path) -> None:
        """Events that Ansible wrote down before it was killed and that the pump never saw."""
        for file in folder.glob("*-partial.json"):
            with contextlib.suppress(OSError, ValueError):
                self._on_event(json.loads(file.read_text(encoding="utf-8")))

    def _lay_out(self, folder: Path) -> Path:
        """Write what Ansible reads; the file of variables."""
        variables: dict[str, object] = dict(self._request.variables)
        for name, content in self._request.files.items():
            (folder / name).write_bytes(content)
            variables[f"muster_{name}"] = str(folder / name)
        inventory = {"all": {"hosts": self._request.hosts}}
        (folder / "inventory.yml").write_text(dump(inventory), encoding="utf-8")
        (folder / "ansible.cfg").touch()
        (folder / "variables.yml").write_text(dump(variables), encoding="utf-8")
        return folder / "variables.yml"

    def _environment(self, folder: Path, prepared: Mapping[str, str]) -> dict[str, str]:
        from ansible_runner.config._base import get_callback_dir

        beside = str(Path(sys.executable).parent)
        return {
            "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "AWX_ISOLATED_DATA_DIR": prepared["AWX_ISOLATED_DATA_DIR"],
            "ANSIBLE_STDOUT_CALLBACK": "awx_display",
            "ANSIBLE_CALLBACK_PLUGINS": get_callback_dir(),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
            MARK: self._mark,
            **self._request.environment,
        }

    def _reap(self) -> None:
        for _ in range(_KILL_ROUNDS):
            left = list(_processes_of(self._mark, self._folder))
            if not left:
                return
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(0.05)  # not by waiting for them: the one that is our child is its runner's to wait for


def _tied_to_us(command: list[str], search_path: str) -> list[str]:
    """The command, so that it ends when this process does, however that ends."""
    program = shutil.which(command[0], path=search_path) or command[0]
    return [sys.executable, "-I", "-S", "-c", _DIES_WITH_US, program, *command[1:]]


def _processes_of(mark: str, folder: Path | None) -> Iterator[psutil.Process]:
    """Every living process of the call."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            title = " ".join(process.cmdline())
            if process.environ().get(MARK) == mark or (folder and title.startswith(f"ssh: {folder}/cp/")):
                yield process


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for this user only, short enough for the sockets in it; those of processes that died are swept first."""
    base = Path(tempfile.gettempdir())
    for old in base.glob(f"{_FOLDER}*"):
        owner = old.name.removeprefix(_FOLDER).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove it; a process that is just being killed may still write into it for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _complaint(stdout: Path, code: int | None) -> str:
    """The first error that Ansible itself printed, where it did not come to its recap of all hosts."""
    text = stdout.read_text(encoding="utf-8", errors="replace")
    if code == 0 or "PLAY RECAP" in text:
        return ""
    for line in text.splitlines():
        if found := re.match(r"\s*(?:\[ERROR\]:|ERROR!)\s*(.+)", line):
            return found[1].strip()[:300]
    return f"it ended with exit code {code}"
