"""A Windows host's ``cmd`` and registry by Wine: one prefix per host, cloned from a template in some 30 ms.

Programs of Wine that return 0 and do nothing (``certutil``, ``findstr``, ``fc``, ``powershell``, ``tzutil``, ...) would
be believed by a client. So a prefix holds only the programs of :data:`ALLOWED`; the others are taken away, and ``cmd``
says what Windows says of a program that is not there: exit code 9009.

Needs Debian's ``wine`` and ``wine64``, and ``gcc-mingw-w64-x86-64`` for the launcher (``winrm_launcher.c``).
"""

import contextlib
import os
import selectors
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.fleet.winrm_shells import Process

HERE = Path(__file__).parent
COMPILER = "x86_64-w64-mingw32-gcc"

ALLOWED = frozenset({"cmd", "reg", "more", "ping", "hostname", "xcopy", "attrib", "whoami"})
"""Programs that were seen to do what they say."""

_SYSTEM = frozenset(
    {"services", "conhost", "explorer", "plugplay", "svchost", "rpcss", "wineboot", "winedevice", "start"}
)


def why_not() -> str:
    """Why Wine cannot be used here; empty where it can."""
    missing = [name for name in ("wine", "wineserver", COMPILER) if not _program(name)]
    return f"not installed: {', '.join(missing)} (apt install wine wine64 gcc-mingw-w64-x86-64)" if missing else ""


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/lib/wine")


def compile_windows(source: Path, folder: Path) -> Path:
    """Compile a C file into a Windows program in ``folder``."""
    target = folder / f"{source.stem}.exe"
    flags = ["-O2", "-Wall", "-municode", "-static"]
    subprocess.run([COMPILER, *flags, "-o", str(target), str(source)], check=True, capture_output=True, timeout=60)
    return target


class WineTemplate:
    """The prefix that hosts are cloned from, and the launcher; made once per test session (some 7 s)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "template"
        self.launcher = compile_windows(HERE / "winrm_launcher.c", folder)
        _quiet(["wineboot", "-i"], self.prefix)
        _stop_server(self.prefix)
        for programs in ("system32", "syswow64"):
            for file in (self.prefix / "drive_c/windows" / programs).rglob("*.exe"):
                if file.stem.lower() not in ALLOWED | _SYSTEM:
                    file.unlink()

    def clone(self, name: str) -> Path:
        """A prefix of its own: the drive by hard links, the registry by copies."""
        prefix = self.folder / name
        prefix.mkdir()
        subprocess.run(["cp", "-al", self.prefix / "drive_c", prefix / "drive_c"], check=True, timeout=60)
        for file in [*self.prefix.glob("*.reg"), self.prefix / ".update-timestamp"]:
            shutil.copy(file, prefix / file.name)
        shutil.copytree(self.prefix / "dosdevices", prefix / "dosdevices", symlinks=True)
        return prefix


def _environment(prefix: Path, timezone: str = "UTC") -> dict[str, str]:
    return {
        "PATH": f"{os.environ['PATH']}:/usr/lib/wine",
        "HOME": str(prefix.parent),
        "USER": "muster",
        "LANG": "C.UTF-8",
        "TZ": timezone,
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",
    }


def _quiet(command: list[str], prefix: Path) -> None:
    """Run something whose children would hold a pipe open for ever."""
    nowhere = subprocess.DEVNULL
    subprocess.run(
        command, env=_environment(prefix), check=False, timeout=180, stdin=nowhere, stdout=nowhere, stderr=nowhere
    )


def _stop_server(prefix: Path) -> None:
    for flag in ("-k", "-w"):
        _quiet(["wineserver", flag], prefix)


class WineEngine:
    """One host. Its wineserver stays warm until it is closed (some 50 MB).

    Wine writes the zone that the host is set to (TimeZoneInformation) anew with every process, after the Unix zone.
    """

    def __init__(self, template: WineTemplate, name: str, *, timezone: str = "UTC") -> None:
        self.prefix = template.clone(name)
        self._launcher = template.launcher
        self._environment = _environment(self.prefix, timezone)
        self._calls = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=template.folder))
        _quiet(["wineserver", "-p"], self.prefix)
        self.start("ver", {}).read(60)

    @property
    def drive(self) -> Path:
        """Drive C."""
        return self.prefix / "drive_c"

    def start(self, line: str, environment: Mapping[str, str]) -> Process:
        """Begin a command line."""
        folder = Path(tempfile.mkdtemp(dir=self._calls))
        (folder / "line").write_text(line, encoding="utf-8")
        child = subprocess.Popen(
            ["wine", self._launcher, "Z:" + str(folder).replace("/", "\\")],
            env={**self._environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return _WineProcess(child, folder)

    def run(self, program: Path, *arguments: str) -> str:
        """Run a program of the tests in this host; its standard output."""
        done = subprocess.run(
            ["wine", program, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def close(self) -> None:
        """End everything in this prefix and remove it."""
        _stop_server(self.prefix)
        shutil.rmtree(self.prefix, ignore_errors=True)
        shutil.rmtree(self._calls, ignore_errors=True)


class _WineProcess(Process):
    """A command line under Wine.

    Cold services of Wine inherit the pipes and hold them for seconds, so the end of the launcher counts, not the end of
    the pipes: what it and its children wrote lies in the pipes by then, and is read to the last byte.
    """

    def __init__(self, child: subprocess.Popen[bytes], folder: Path) -> None:
        super().__init__()
        self._child = child
        self._folder = folder
        threading.Thread(target=self._follow, daemon=True).start()

    def feed(self, data: bytes, *, ended: bool) -> None:
        """Bytes for standard input; a command that has ended takes no more."""
        assert self._child.stdin
        try:
            self._child.stdin.write(data)
            self._child.stdin.flush()
            if ended:
                self._child.stdin.close()
        except (OSError, ValueError):
            pass

    def terminate(self) -> None:
        """Tell the launcher to end what it began."""
        if self.running:
            (self._folder / "stop").touch()

    def _follow(self) -> None:
        assert self._child.stdout
        assert self._child.stderr
        launcher = os.pidfd_open(self._child.pid)
        streams = {self._child.stdout.fileno(): "stdout", self._child.stderr.fileno(): "stderr"}
        with selectors.DefaultSelector() as waiting, self._child.stdout, self._child.stderr:
            for descriptor in (launcher, *streams):
                waiting.register(descriptor, selectors.EVENT_READ)
            ended = False
            while ready := waiting.select(0 if ended else None):
                for descriptor in (key.fd for key, _ in ready):
                    if descriptor == launcher:
                        ended = True
                        waiting.unregister(launcher)
                    elif data := os.read(descriptor, 65536):
                        self.write(**{streams[descriptor]: data})
                    else:
                        waiting.unregister(descriptor)
        os.close(launcher)
        self._child.wait()
        code = self._folder / "code"
        self.end(int(code.read_text()) if code.exists() else 1)
        if self._child.stdin:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
