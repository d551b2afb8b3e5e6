"""One process that is many SSH hosts: it accepts, forks, changes root and becomes ``sshd -i``.

Started by ``tests/fleet/openssh.py`` with a description of the hosts as one line of JSON on standard input; further
lines change a host's fault. Each host is an overlay of this machine's root with its own upper folder, so that what a
step writes stays in its host. Everything happens in a mount and a process namespace of its own: when this process
ends, however it ends, the kernel ends every process of the fleet and forgets every mount.

Standard library only, and few imports: each connection is a fork of this process.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fleet.faults import PORT, Fault

STATE = Path("/mnt")
"""A folder that every Linux has; what is mounted on it here is seen in this namespace only."""
SSHD = "/usr/sbin/sshd"

CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

SSHD_CONFIG = f"""\
Port {PORT}
HostKey /etc/ssh/fleet_host_key
AuthorizedKeysFile /etc/ssh/fleet_authorized_keys
PermitRootLogin yes
PasswordAuthentication yes
UsePAM no
UseDNS no
PidFile none
StrictModes no
PrintMotd no
LogLevel QUIET
Subsystem sftp internal-sftp
"""
HANGING_SHELL = "#!/bin/sh\nexec sleep 3600\n"
NOISY_SHELL = "#!/bin/sh\necho 'Welcome! All use is monitored.'\necho 'legal notice' >&2\nexec /bin/sh \"$@\"\n"


def call(name: str, *arguments: object) -> None:
    """Call a function of libc.

    Raises:
        OSError: as errno says.
    """
    if getattr(LIBC, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount ``source`` on ``target``, which is made when it is not there."""
    target.mkdir(parents=True, exist_ok=True)
    call("mount", source.encode(), str(target).encode(), kind.encode(), flags, options.encode())


class Host:
    """One host: its root, its listening socket and its fault."""

    def __init__(self, spec: dict[str, str], common: dict[str, str], home: Path) -> None:
        self.address = spec["address"]
        self.home = home
        self.root = home / "root"
        self.fault = Fault(spec["fault"])
        self.after_bytes = int(spec["after_bytes"])
        self.listener: socket.socket | None = None
        self.callers: list[socket.socket] = []
        self._make_root(spec, common)

    def _make_root(self, spec: dict[str, str], common: dict[str, str]) -> None:
        disk = self.home / "disk"
        size = int(spec["disk_bytes"])
        if size:
            mount("tmpfs", disk, "tmpfs", 0, f"size={size}")
        upper, work = disk / "upper", disk / "work"
        for folder in (upper / "etc/ssh", upper / "root", upper / "run/sshd", upper / "home/fixer", work):
            folder.mkdir(parents=True)
        os.setxattr(upper / "root", "trusted.overlay.opaque", b"y")
        os.chown(upper / "home/fixer", 4242, 4242)
        (upper / "etc/ssh/fleet_sshd_config").write_text(SSHD_CONFIG)
        (upper / "etc/ssh/fleet_host_key").write_text(spec["host_key"])
        (upper / "etc/ssh/fleet_host_key").chmod(0o600)
        (upper / "etc/ssh/fleet_authorized_keys").write_text(common["authorized_keys"])
        (upper / "etc/hostname").write_text(spec["name"] + "\n")
        self._make_accounts(upper / "etc", common["password_hash"])
        mount("overlay", self.root, "overlay", 0, f"lowerdir=/,upperdir={upper},workdir={work}")
        mount("/dev", self.root / "dev", flags=MS_BIND)
        mount(str(STATE / "proc"), self.root / "proc", flags=MS_BIND)

    def _make_accounts(self, etc: Path, password_hash: str) -> None:
        shell = {Fault.HANGING_SHELL: HANGING_SHELL, Fault.NOISY_SHELL: NOISY_SHELL}.get(self.fault)
        if shell:
            (etc / "fleet_shell").write_text(shell)
            (etc / "fleet_shell").chmod(0o755)
        login_shell = "/etc/fleet_shell" if shell else "/bin/sh"
        others = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith("root:")]
        ours = [
            f"root:x:0:0:root:/root:{login_shell}",
            f"fixer:x:4242:4242::/home/fixer:{login_shell}",
            "expired:x:4243:4243::/home/fixer:/bin/sh",
        ]
        (etc / "passwd").write_text("\n".join(ours + others) + "\n")
        shadow = (
            f"root:{password_hash}:19000::::::\nfixer:{password_hash}:19000::::::\nexpired:{password_hash}:0::::::\n"
        )
        (etc / "shadow").write_text(shadow)
        (etc / "shadow").chmod(0o600)

    def open(self, selector: selectors.BaseSelector) -> None:
        """Listen, or not, as the fault has it."""
        if self.listener is not None:
            with contextlib.suppress(KeyError):
                selector.unregister(self.listener)
            self.listener.close()
        for caller in self.callers:
            caller.close()
        self.listener, self.callers = None, []
        if self.fault is Fault.REFUSING:
            return
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.address, PORT))
        if self.fault is Fault.BLACK_HOLE:
            self._fill_the_queue(self.listener)
        else:
            self.listener.listen(128)
            selector.register(self.listener, selectors.EVENT_READ, self)

    def _fill_the_queue(self, listener: socket.socket) -> None:
        """Linux drops the packets of whoever calls at a listener whose queue is full."""
        listener.listen(0)
        for _ in range(2):
            caller = socket.socket()
            caller.settimeout(0)
            caller.connect_ex((self.address, PORT))
            self.callers.append(caller)

    def answer(self, listener: socket.socket) -> None:
        """Take one connection and treat it as the fault has it."""
        caller, _ = listener.accept()
        match self.fault:
            case Fault.TARPIT:
                self.callers.append(caller)
            case Fault.CLOSES:
                caller.close()
            case Fault.BANNER_THEN_SILENCE:
                caller.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
                self.callers.append(caller)
            case Fault.GARBAGE_BANNER:
                caller.sendall(
                    b"HTTP/1.1 400 Bad Request\r\nServer: printer\r\n\r\n\xff\xfe\x00" + bytes(range(256)) * 64
                )
                self.callers.append(caller)
            case _:
                if os.fork() == 0:
                    self._become_host(caller)
                caller.close()

    def _become_host(self, caller: socket.socket) -> None:
        """In a forked child: be this host's server for one connection; never returns."""
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if self.fault in {Fault.FREEZE, Fault.RESET}:
                ours, caller_of_sshd = socket.socketpair()
                if os.fork() != 0:
                    caller_of_sshd.close()
                    carry(caller, ours, self.after_bytes, reset=self.fault is Fault.RESET)
                    os._exit(0)
                caller = caller_of_sshd
            os.setsid()
            os.chroot(self.root)
            os.chdir("/")
            os.dup2(caller.fileno(), 0)
            os.dup2(caller.fileno(), 1)
            null = os.open("/dev/null", os.O_WRONLY)
            os.dup2(null, 2)
            os.closerange(3, 4096)
            os.execve(SSHD, [SSHD, "-i", "-f", "/etc/ssh/fleet_sshd_config"], {"PATH": os.environ["PATH"]})  # noqa: S606
        finally:
            os._exit(71)


def carry(caller: socket.socket, server: socket.socket, limit: int, *, reset: bool) -> None:
    """Carry bytes both ways until ``limit`` came from the caller; then reset the connection, or stand still."""
    seen = 0
    with selectors.DefaultSelector() as selector:
        selector.register(caller, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, caller)
        while seen < limit:
            for key, _ in selector.select():
                source, sink = key.fileobj, key.data
                data = source.recv(16384)  # type: ignore[union-attr]
                if not data:
                    return
                seen += len(data) if source is caller else 0
                sink.sendall(data)
    if reset:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()
        return
    signal.pause()


def reap(_number: int, _frame: object) -> None:
    """Take in every child that ended: this process is the first of its namespace."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def say(**words: object) -> None:
    """One line of JSON for whoever started us."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def serve(lines: "LineReader") -> None:
    """Build the hosts that the first line describes, and be them until standard input ends."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, reap)
    setup = json.loads(lines.first())
    mount("tmpfs", STATE, "tmpfs", 0, "size=80%,nr_inodes=0")
    mount("proc", STATE / "proc", "proc")
    hosts = {spec["name"]: Host(spec, setup["common"], STATE / spec["name"]) for spec in setup["hosts"]}
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ, None)
    for host in hosts.values():
        host.open(selector)
    say(ready=len(hosts))
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, Host):
                with contextlib.suppress(ConnectionError):
                    key.data.answer(key.fileobj)  # type: ignore[arg-type]
                continue
            changes = lines.more()
            if changes is None:
                return
            for change in changes:
                wanted = json.loads(change)
                host = hosts[wanted["name"]]
                host.fault = Fault(wanted["fault"])
                host.open(selector)
                say(changed=wanted["name"])


class LineReader:
    """Lines of standard input, without a buffer that a selector cannot see."""

    def __init__(self) -> None:
        self._rest = b""

    def first(self) -> bytes:
        """The first line; waits for it."""
        while b"\n" not in self._rest:
            data = os.read(0, 1 << 20)
            if not data:
                os._exit(0)
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def more(self) -> list[bytes] | None:
        """The whole lines that have come since; None at the end."""
        data = os.read(0, 1 << 20)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


def main() -> None:
    """Go into namespaces of our own, and serve from the first process in there."""
    try:
        call("unshare", CLONE_NEWNS | CLONE_NEWPID)
        call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    except OSError as error:
        say(error=str(error))
        raise SystemExit(1) from None
    child = os.fork()
    if child == 0:
        try:
            serve(LineReader())
        except Exception as error:  # noqa: BLE001 - whoever started us wants to know
            say(error=f"{type(error).__name__}: {error}")
        os._exit(0)
    say(pid=child)
    os.close(0)
    os.close(1)
    _, status = os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
