"""End what a call has begun at its hosts: processes there outlive the connection that is cut.

Ansible's connection to a host is kept open by an SSH master; every command at that host is a child of one and the same
process of its SSH server. So the master's socket is asked, before it is killed, for one command more, which ends its
siblings: no other way in, and no credential, is needed.
"""

import contextlib
import subprocess
import time
from pathlib import Path

LONGEST_S = 3.0
_END_SIBLINGS = (
    "exec /bin/sh -c '"
    "word() { set -- $(sed s/.*\\)// $1/stat 2>/dev/null); echo $2 $4; };"
    'siblings=" ";'
    "for d in /proc/[0-9]*; do p=${d#/proc/}; set -- $(word $d);"
    '[ "$1" = "$PPID" ] && [ "$p" -ne $$ ] && siblings="$siblings$p "; done;'
    "end() { for d in /proc/[0-9]*; do set -- $(word $d);"
    'case "$siblings" in *" ${2:-none} "*) kill -$signal ${d#/proc/} 2>/dev/null ;; esac; done; };'
    "signal=TERM; end; sleep 1; signal=KILL; end'"
)
"""Every process of a session that the same server has begun as ours, but ours."""


def end_at_hosts(sockets: Path, environment: dict[str, str]) -> None:
    """Through every master whose socket lies in this folder; takes ``LONGEST_S`` at most."""
    asked = [
        subprocess.Popen(
            ["ssh", "-F", "none", "-S", str(socket), "-o", "BatchMode=yes", "by-the-socket", _END_SIBLINGS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        for socket in sockets.glob("*")
        if socket.is_socket()
    ]
    until = time.monotonic() + LONGEST_S
    for process in asked:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()
