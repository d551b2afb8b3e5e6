"""A Kerberos realm on this machine (MIT's KDC on a port of its own) for the WinRM hosts of the tests.

Needs Debian's ``krb5-kdc`` and ``krb5-user`` (or ``krb5-admin-server``) and Python's ``gssapi`` and ``krb5``, which are
not installed with Muster: ``why_not`` says what is missing, and where anything is, these tests are skipped.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.server import free_port

REALM = "MUSTER.EXAMPLE"
HOST = "till.muster.example"
USER, PASSWORD = f"ann@{REALM}", "Correct-Horse-7"
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def why_not() -> str:
    """What is missing; empty where there can be a realm."""
    missing = [name for name in ("krb5kdc", "kadmin.local", "kdb5_util") if shutil.which(name, path=_PATH) is None]
    missing += [name for name in ("gssapi", "krb5") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


@dataclass(frozen=True, slots=True)
class Realm:
    """A running realm; ``environment`` is set in this process while it runs."""

    folder: Path
    environment: dict[str, str]

    def get_ticket(self) -> None:
        """What ``kinit`` does, for the user."""
        import gssapi  # type: ignore[import-not-found,unused-ignore]  # optional

        name = gssapi.Name(USER, gssapi.NameType.user)
        made = gssapi.raw.acquire_cred_with_password(name, PASSWORD.encode(), usage="initiate")
        gssapi.raw.store_cred_into({b"ccache": self.environment["KRB5CCNAME"].encode()}, made.creds, overwrite=True)


@contextmanager
def realm(folder: Path) -> Iterator[Realm]:
    """A realm with one user and the service of one host."""
    port = free_port()
    environment = _write(folder, port)
    whole = {**os.environ, **environment, "PATH": _PATH}
    _run(whole, "kdb5_util", "create", "-s", "-r", REALM, "-P", "master-of-the-test")
    _run(whole, "kadmin.local", "-q", f"addprinc -pw {PASSWORD} {USER}")
    _run(whole, "kadmin.local", "-q", f"addprinc -randkey HTTP/{HOST}")
    _run(whole, "kadmin.local", "-q", f"ktadd -k {folder / 'keytab'} HTTP/{HOST}")
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    with subprocess.Popen(["krb5kdc", "-n"], env=whole, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as kdc:
        try:
            _wait_for(port)
            yield Realm(folder, environment)
        finally:
            kdc.terminate()
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _write(folder: Path, port: int) -> dict[str, str]:
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n"
        f" rdns = false\n udp_preference_limit = 1\n"
        f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n .muster.example = {REALM}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n {REALM} = {{\n  database_name = {folder / 'principals'}\n  key_stash_file = {folder / 'stash'}\n"
        f"  acl_file = {folder / 'acl'}\n }}\n"
    )
    return {
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        "KRB5_KTNAME": f"FILE:{folder / 'keytab'}",
        "KRB5CCNAME": f"FILE:{folder / 'tickets'}",
    }


def _run(environment: dict[str, str], *command: str) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the KDC does not answer")
