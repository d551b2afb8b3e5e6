"""ssh2-python (libssh2 in C) at the work of the push benchmark: threads, one command for each host.

Runs in an environment of its own, so it imports nothing of Muster. Takes the job's file, prints one line of JSON. Host
keys are held against known_hosts, which is parsed once.
"""

import base64
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from ssh2.session import Session  # type: ignore[import-not-found]  # a peer, not a dependency


def known_keys(file: str) -> dict[str, bytes]:
    """Each host's key, by ``[address]:port``."""
    lines = (line.split() for line in Path(file).read_text().splitlines())
    return {words[0]: base64.b64decode(words[2]) for words in lines if len(words) >= 3}


def push(job: SimpleNamespace, host: dict[str, str], known: dict[str, bytes], command: str, payload: bytes) -> bool:
    """Connect, check the key, log in, run the command, give it the payload, read what it says."""
    with socket.create_connection((host["address"], int(host["port"])), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session()
        session.set_timeout(30_000)
        session.handshake(connection)
        if session.hostkey()[0] != known[f"[{host['address']}]:{host['port']}"]:
            return False
        session.userauth_publickey_fromfile("root", job.key_file)
        channel = session.open_session()
        channel.execute(command)
        sent = 0
        while sent < len(payload):
            sent += channel.write(payload[sent : sent + 32_768])[1]
        channel.send_eof()
        said = b""
        while True:
            size, data = channel.read()
            if size <= 0:
                break
            said += data
        channel.close()
        session.disconnect()
        return b"done\tapply" in said


def main() -> None:
    """Push to every host of the job."""
    job = SimpleNamespace(**json.loads(Path(sys.argv[1]).read_text()))
    payload, known = Path(job.payload).read_bytes(), known_keys(job.known_hosts)
    command = f"MUSTER_SUM={job.sha256}\n{job.script}"
    cpu_before_s = time.process_time()
    begun = time.monotonic()

    def visit(host: dict[str, str]) -> bool:
        try:
            return push(job, host, known, command, payload)
        except Exception as error:  # noqa: BLE001 -- whatever it raises, this host is not done
            print(f"{host['id']}: {type(error).__name__}: {error}", file=sys.stderr)
            return False

    with ThreadPoolExecutor(job.threads) as pool:
        done = sum(pool.map(visit, job.hosts))
    cpu_s = time.process_time() - cpu_before_s
    print(json.dumps({"seconds": time.monotonic() - begun, "done": done, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
