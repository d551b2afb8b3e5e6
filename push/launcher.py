"""How a step's script, arguments and payload reach a host: one command that never changes, and one stream.

Whatever varies or may be secret goes down standard input, so that nothing of it is seen in the host's process list::

    <end mark> NEWLINE <script, with its arguments as assignments> NEWLINE <end mark> NEWLINE <payload>

The command reads the script line by line (``read`` takes one byte at a time from a stream, as POSIX demands, so the
payload stays untouched), says that it has begun and in which process group, and lets the same shell carry the script
out: the script finds the payload on its standard input. A script that did not arrive whole is not begun. Where the
host has ``timeout``, it ends the script and everything that it started; without it, a script that hangs outlives us
unless the connection still stands when its time is up.

The login shell only sees ``exec /bin/sh -c '…' '…' N``, which sh, csh and fish read alike.
"""

import re
import shlex

from muster.fleet import Become
from muster.steps import Step

_BEGUN = re.compile(r"(?:^|\n)muster\tbegun\t([0-9]+)\n")
"""What is said when the whole script has arrived, with the process group of the step."""

_READ_AND_RUN = (
    r'n=${IFS#??};n=${n%"${n#?}"};IFS= read -r e;s=;'
    r'while IFS= read -r l;do [ "$l" = "$e" ]&&break;s=$s$l$n;done;'
    r'[ -n "$e" ]&&[ "$l" = "$e" ]||exit 97;'
    r'unset e n l;printf "\nmuster\tbegun\t%s\n" "$0";eval "$s"'
)
"""No process but this shell: the line end is the third of the characters that every shell begins its IFS with."""
_WITH_TIMEOUT = (
    "t=/usr/bin/timeout;[ -f $t ]&&[ ! -L $t ]||{ t=timeout;$t -k 5 9 true 2>/dev/null; }&&"
    'exec $t -k 5 "$1" /bin/sh -c "$0" $$;exec /bin/sh -c "$0" $$'
)
"""A ``timeout`` that is a program of its own is coreutils', which knows ``-k``; any other, such as busybox's, is tried
first. That takes two processes, a thirtieth of what a visit costs its host."""
_UNLESS_ROOT = 'if [ "$(id -u)" = 0 ];then exec /bin/sh -c "$1" "$0" "$2";fi;exec '
PROMPT = "muster-password:"
"""What sudo is told to ask with, so that its question is known from everything else that is said."""
READY = "muster-ready"
"""What is said when the way to root is clear and the stream may be sent."""
_ASKING = (
    f'if [ "$(id -u)" = 0 ];then echo {READY};exec /bin/sh -c "$1" "$0" "$2";fi;'
    f'exec sudo -S -p {PROMPT} -- /bin/sh -c "echo {READY};$1" "$0" "$2"'
)
_BY = {Become.SUDO: _UNLESS_ROOT + "sudo -n --", Become.DOAS: _UNLESS_ROOT + "doas -n"}


def command(limit_s: int, *, become: Become = Become.NONE, asks: bool = False) -> str:
    """The command for the host's login shell.

    Args:
        limit_s: when the host ends it.
        become: how it becomes root where the login is not root's.
        asks: sudo may ask for a password, with ``PROMPT`` on standard error; the stream waits for ``READY``.
    """
    limit = str(max(1, limit_s))
    if become in _BY:
        way = _ASKING if asks else f'{_BY[become]} /bin/sh -c "$1" "$0" "$2"'
        return f"exec /bin/sh -c '{way}' '{_READ_AND_RUN}' '{_WITH_TIMEOUT}' {limit}"
    return f"exec /bin/sh -c '{_WITH_TIMEOUT}' '{_READ_AND_RUN}' {limit}"


def stream(step: Step) -> bytes:
    """What goes down standard input: script, arguments and payload.

    Raises:
        ValueError: the script holds a NUL, which no shell can read, or an argument's name is not a name.
    """
    script = script_with_arguments(step)
    if "\0" in script:
        raise ValueError("the script of a step cannot hold a NUL")
    mark = end_mark(script)
    return f"{mark}\n{script}\n{mark}\n".encode() + step.payload


def script_with_arguments(step: Step) -> str:
    """The script behind the assignments of its arguments, plain messages, and the folders of system programs."""
    lines = ["PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C", "export PATH LC_ALL"]
    for name, value in step.arguments.items():
        if not (name.isascii() and name.isidentifier()):
            raise ValueError(f"{name!r} cannot be the name of an argument")
        lines += [f"{name}={shlex.quote(value)}", f"export {name}"]
    return "\n".join([*lines, step.script])


def end_mark(script: str) -> str:
    """A line that does not occur in the script."""
    lines = set(script.splitlines())
    number = 0
    while f"end-of-script-{number}" in lines:
        number += 1
    return f"end-of-script-{number}"


def split_output(stdout: str) -> tuple[int | None, str]:
    """The process group of the step, None where it did not begin, and its output without the login shell's."""
    begun = _BEGUN.search(stdout)
    return (int(begun[1]), stdout[begun.end() :]) if begun else (None, stdout)


def end_command(group: int, *, become: Become = Become.NONE) -> str:
    """The command that ends a step that has begun, with all that it started: TERM now, KILL when that does not do."""
    as_root = {Become.SUDO: f"||sudo -n kill -TERM -- -{group}", Become.DOAS: f"||doas -n kill -TERM -- -{group}"}
    return f"exec /bin/sh -c 'kill -TERM -{group}||kill -TERM {group}{as_root.get(become, '')}' 2>/dev/null"
