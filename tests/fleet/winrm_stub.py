"""A Windows host's ``cmd`` in a few lines of Python, for tests with hundreds of hosts.

It understands, and nothing else (anything else is answered as Windows answers a program that is not there, with 9009):

- ``echo``, ``rem``, ``ver``, ``hostname``, ``set NAME=VALUE``, ``type FILE``, ``del``, ``md``, ``rmdir``, ``cd``,
  ``copy /b FROM TO``, ``exit [/b] N``
- ``if [not] exist FILE LINE``, ``if [not] defined NAME LINE``, ``if errorlevel N LINE``
- ``for /f "skip=N delims=" %%x in ('LINE') do LINE``; ``setlocal EnableDelayedExpansion`` and ``!NAME!`` in ``echo``
- ``findstr "^"`` and ``more`` (copy standard input), ``certutil -hashfile FILE SHA256``, ``certutil -decode FROM TO``
- ``call FILE`` and ``FILE.cmd``: the lines of a batch file, one after the other
- ``ping -n N ADDRESS``: waits N-1 seconds; ``spin``: never ends; ``ask``: writes ``Password:`` and waits for a line
- ``flood N``: writes N bytes on both outputs; ``bytes HEX``: writes these bytes; ``errors HEX``:
  these on standard error
- ``%NAME%`` of the environment, ``LINE & LINE``, ``LINE && LINE``, and ``< > >>`` with files

Files live in a dictionary per host; names are without regard to case.
"""

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.fleet.winrm_shells import Process
from tests.fleet.winrm_stub_lines import expand, key_of, parts, redirections

_NOT_THERE = 9009


@dataclass(slots=True)
class _Run:
    """One command line on its way."""

    process: Process
    environment: dict[str, str]
    read: Callable[[], bytes]
    stdin: bytes | None = None
    capture: bytearray | None = None
    over: bool = False
    delayed: bool = False
    code: int = 0
    folder: str = "c:\\"

    def path(self, name: str) -> str:
        """The key of a file, from a name as it was typed."""
        key = key_of(name).removeprefix(".\\")
        return key if ":" in key or key == "nul" else f"{self.folder.rstrip(chr(92))}\\{key}"

    def write(self, data: bytes) -> None:
        if self.capture is None:
            self.process.write(data)
        else:
            self.capture += data

    def input(self) -> bytes:
        if self.stdin is None:
            self.stdin = self.read()
        return self.stdin


class StubProcess(Process):
    """A command of the stub; its input is collected until it ends."""

    def __init__(self) -> None:
        super().__init__()
        self._stdin = bytearray()
        self._closed = threading.Event()
        self.killed = threading.Event()

    def feed(self, data: bytes, *, ended: bool) -> None:
        """Collect input."""
        self._stdin += data
        if ended:
            self._closed.set()

    def terminate(self) -> None:
        """Stop waiting and end."""
        self.killed.set()
        self._closed.set()
        self.end(1)

    def read_all(self) -> bytes:
        """Everything on standard input, once it has ended."""
        self._closed.wait(600)
        return bytes(self._stdin)


@dataclass(slots=True)
class StubEngine:
    """One stub host."""

    name: str = "STUB"
    files: dict[str, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    full: bool = False
    certutil: bool = True
    findstr: bool = True
    active: list[str] = field(default_factory=list)

    def start(self, line: str, environment: Mapping[str, str]) -> Process:
        """Carry out a command line; lines that wait for something get a thread of their own."""
        process = StubProcess()
        known = {"TEMP": r"C:\Windows\Temp", "COMPUTERNAME": self.name, **environment}
        run = _Run(process, {name.upper(): value for name, value in known.items()}, process.read_all)
        if _WAITS.search(line):
            threading.Thread(target=self._carry_out, args=(line, run), daemon=True).start()
        else:
            self._carry_out(line, run)
        return process

    def close(self) -> None:
        """Nothing is held; ``active`` shows what has not ended."""

    def _carry_out(self, line: str, run: _Run) -> None:
        run.process.end(self._line(line, run))

    def _line(self, line: str, run: _Run) -> int:
        code = 0
        for joint, part in parts(expand(line, run.environment)):
            if joint == "&&" and code:
                continue
            code = run.code = self._redirected(part, run)
            if run.over:
                break
        return code

    def _redirected(self, part: str, run: _Run) -> int:
        plain, sources, target, append = redirections(part)
        before = run.stdin, run.capture
        if sources:
            content = b"" if key_of(sources) == "nul" else self.files.get(run.path(sources))
            if content is None:
                return self._say(run, "The system cannot find the file specified.")
            run.stdin = content
        if target:
            run.capture = bytearray()
        code = self._command(plain, run)
        if target and key_of(target) != "nul":
            if self.full and run.capture:
                run.process.write(stderr=b"There is not enough space on the disk.\r\n")
                code = 1
            else:
                old = self.files.get(run.path(target), b"") if append else b""
                self.files[run.path(target)] = old + bytes(run.capture or b"")
        run.capture = before[1]
        if sources:
            run.stdin = before[0]
        return code

    def _command(self, text: str, run: _Run) -> int:
        text = text.strip().lstrip("@").strip()
        if not text or text.startswith(":"):
            return 0
        word, _, rest = text.partition(" ")
        if text.lower().startswith("echo"):
            return self._echo(text[4:], run)
        action = _COMMANDS.get(word.strip('"').lower())
        if action:
            self.active.append(text)
            try:
                return action(self, rest.strip(), run)
            finally:
                self.active.remove(text)
        if run.path(word) in self.files:
            return _call(self, text, run)
        run.process.write(
            stderr=f"'{word}' is not recognized as an internal or external command,\r\n"
            "operable program or batch file.\r\n".encode()
        )
        return _NOT_THERE

    def _echo(self, rest: str, run: _Run) -> int:
        if rest.strip().lower() not in {"off", "on"}:
            said = rest[1:] if rest[:1] in {".", "(", " "} else rest
            if run.delayed:
                said = re.sub(r"!(\w+)!", lambda match: run.environment.get(match.group(1).upper(), ""), said)
            run.write(said.encode() + b"\r\n")
        return run.code

    def _say(self, run: _Run, words: str) -> int:
        run.process.write(stderr=words.encode() + b"\r\n")
        return 1


_WAITS = re.compile(r"findstr|more|ping|spin|call|\.cmd|ask|flood", re.IGNORECASE)


def _call(engine: StubEngine, rest: str, run: _Run) -> int:
    name = run.path(rest)
    if name not in engine.files:
        return engine._say(run, "The system cannot find the batch label specified.")
    code = 0
    for line in engine.files[name].decode("utf-8", "replace").splitlines():
        code = engine._line(line, run)
        if run.over:
            break
    run.over = False
    return code


def _exit(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    run.over = True
    number = rest.lower().removeprefix("/b").strip()
    return int(number) if number else 0


def _type(engine: StubEngine, rest: str, run: _Run) -> int:
    if run.path(rest) == "nul":
        return 0
    if run.path(rest) not in engine.files:
        return engine._say(run, "The system cannot find the file specified.")
    run.write(engine.files[run.path(rest)])
    return 0


def _set(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    name, _, value = rest.strip('"').partition("=")
    run.environment[name.upper()] = value
    return 0


def _if(engine: StubEngine, rest: str, run: _Run) -> int:
    match = re.match(r'(?i)(not\s+)?(exist|defined|errorlevel)\s+("[^"]+"|\S+)\s+(.*)', rest)
    if not match:
        return 0
    name = run.path(match.group(3)).rstrip("\\")
    holds = {
        "exist": name in engine.files or name in engine.folders,
        "defined": match.group(3).upper() in run.environment,
        "errorlevel": match.group(3).isdigit() and run.code >= int(match.group(3)),
    }[match.group(2).lower()]
    return engine._redirected(match.group(4), run) if holds != bool(match.group(1)) else run.code


def _for(engine: StubEngine, rest: str, run: _Run) -> int:
    match = re.match(r"""(?i)/f\s+"(?:skip=(\d+) )?delims="\s+(%+\w)\s+in\s+\('(.*)'\)\s+do\s+(.*)""", rest)
    if not match:
        return engine._say(run, "the stub knows only for /f with skip and delims")
    outer, run.capture = run.capture, bytearray()
    engine._line(match.group(3), run)
    lines = run.capture.decode().splitlines()
    run.capture = outer
    for line in lines[int(match.group(1) or 0) :]:
        engine._line(match.group(4).replace(match.group(2), line), run)
    return run.code


def _setlocal(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    run.delayed = rest.lower() == "enabledelayedexpansion"
    return 0


def _copy(engine: StubEngine, rest: str, run: _Run) -> int:
    words = [word for word in re.findall(r'"[^"]+"|\S+', rest) if not word.startswith("/")]
    if run.path(words[0]) not in engine.files:
        return engine._say(run, "The system cannot find the file specified.")
    engine.files[run.path(words[1])] = engine.files[run.path(words[0])]
    return 0


def _more(engine: StubEngine, rest: str, run: _Run) -> int:
    """Stops after 24 lines, as Wine's does when nobody is there to press a key."""
    del engine, rest
    for number, line in enumerate(run.input().splitlines(keepends=True)):
        run.write(b"-- More... --\r\n" + line if number == 23 else line)
    return 0


def _findstr(engine: StubEngine, rest: str, run: _Run) -> int:
    if not engine.findstr:
        run.process.write(stderr=b"'findstr' is not recognized as an internal or external command,\r\n")
        return _NOT_THERE
    if rest.strip() != '"^"':
        return engine._say(run, 'FINDSTR: the stub knows only findstr "^"')
    data = run.input()
    run.write(data)
    return 0 if data else 1


def _certutil(engine: StubEngine, rest: str, run: _Run) -> int:
    words = [word.strip('"') for word in re.findall(r'"[^"]+"|\S+', rest) if word != "-f"]
    if not engine.certutil:
        run.process.write(stderr=b"'certutil' is not recognized as an internal or external command,\r\n")
        return _NOT_THERE
    if len(words) < 3 or run.path(words[1]) not in engine.files:
        return engine._say(run, "CertUtil: The system cannot find the file specified.")
    data = engine.files[run.path(words[1])]
    if words[0] == "-hashfile":
        digest = hashlib.sha256(data).hexdigest()
        ending = "CertUtil: -hashfile command completed successfully."
        run.write(f"SHA256 hash of {words[1]}:\r\n{digest}\r\n{ending}\r\n".encode())
        return 0
    engine.files[run.path(words[2])] = base64.b64decode(data)
    run.write(b"CertUtil: -decode command completed successfully.\r\n")
    return 0


def _ping(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    match = re.search(r"-n (\d+)", rest)
    seconds = int(match.group(1)) - 1 if match else 3
    assert isinstance(run.process, StubProcess)
    run.process.killed.wait(seconds)
    return 0


def _spin(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine, rest
    assert isinstance(run.process, StubProcess)
    run.process.killed.wait(600)
    return 1


def _ask(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine, rest
    run.write(b"Password:")
    return 0 if run.input() else 1


def _flood(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    left = int(rest)
    assert isinstance(run.process, StubProcess)
    while left > 0 and not run.process.killed.is_set():
        run.process.write(b"x" * min(left, 65536), b"y" * min(left, 65536))
        left -= 65536
        time.sleep(0)
    return 0


def _bytes(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    run.write(bytes.fromhex(rest))
    return 0


def _errors(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine
    run.process.write(stderr=bytes.fromhex(rest))
    return 1


def _remove(engine: StubEngine, rest: str, run: _Run) -> int:
    name = run.path(re.sub(r"(?i)/[a-z]\b", "", rest))
    for file in [file for file in list(engine.files) if file == name or file.startswith(name + "\\")]:
        engine.files.pop(file, None)
    engine.folders.discard(name)
    return 0


def _mkdir(engine: StubEngine, rest: str, run: _Run) -> int:
    if run.path(rest) in engine.folders:
        return engine._say(run, "A subdirectory or file already exists.")
    engine.folders.add(run.path(rest))
    return 0


def _cd(engine: StubEngine, rest: str, run: _Run) -> int:
    folder = run.path(re.sub(r"(?i)^/d\b", "", rest))
    if folder not in engine.folders:
        return engine._say(run, "The system cannot find the path specified.")
    run.folder = folder
    return 0


def _nothing(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine, rest, run
    return 0


def _ver(engine: StubEngine, rest: str, run: _Run) -> int:
    del engine, rest
    run.write(b"\r\nMicrosoft Windows [Version 10.0.17763.1]\r\n")
    return 0


def _hostname(engine: StubEngine, rest: str, run: _Run) -> int:
    del rest
    run.write(engine.name.encode() + b"\r\n")
    return 0


_COMMANDS: Mapping[str, Callable[[StubEngine, str, _Run], int]] = {
    "ask": _ask,
    "bytes": _bytes,
    "call": _call,
    "cd": _cd,
    "certutil": _certutil,
    "copy": _copy,
    "del": _remove,
    "errors": _errors,
    "exit": _exit,
    "findstr": _findstr,
    "flood": _flood,
    "for": _for,
    "hostname": _hostname,
    "if": _if,
    "md": _mkdir,
    "mkdir": _mkdir,
    "more": _more,
    "ping": _ping,
    "rem": _nothing,
    "rmdir": _remove,
    "set": _set,
    "setlocal": _setlocal,
    "spin": _spin,
    "type": _type,
    "ver": _ver,
}
