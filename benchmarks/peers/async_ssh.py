"""asyncssh at the work of the push benchmark: 100 hosts at once, one command for each.

Runs in an environment of its own, so it imports nothing of Muster. Takes the job's file, prints one line of JSON. Host
keys are held against known_hosts, which is parsed once.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import asyncssh  # type: ignore[import-not-found]  # a peer, not a dependency

AT_ONCE = 100
EXCHANGES = ["ecdh-sha2-nistp256", "curve25519-sha256", "curve25519-sha256@libssh.org"]
CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]


async def push_all(job: SimpleNamespace, payload: bytes) -> int:
    """How many hosts were done."""
    known, key = asyncssh.read_known_hosts(job.known_hosts), asyncssh.read_private_key(job.key_file)
    room = asyncio.Semaphore(AT_ONCE)

    async def visit(host: dict[str, str]) -> bool:
        async with room:
            try:
                session = await asyncssh.connect(
                    host["address"],
                    int(host["port"]),
                    username="root",
                    client_keys=[key],
                    known_hosts=known,
                    kex_algs=EXCHANGES,
                    encryption_algs=CIPHERS,
                    agent_path=None,
                    config=None,
                    connect_timeout=30,
                    login_timeout=30,
                )
                async with session:
                    command = f"MUSTER_SUM={job.sha256}\n{job.script}"
                    result = await session.run(command, input=payload, encoding=None)
                    return b"done\tapply" in result.stdout
            except (OSError, asyncssh.Error, TimeoutError) as error:
                print(f"{host['id']}: {type(error).__name__}: {error}", file=sys.stderr)
                return False

    return sum(await asyncio.gather(*(visit(host) for host in job.hosts)))


def main() -> None:
    """Push to every host of the job."""
    job = SimpleNamespace(**json.loads(Path(sys.argv[1]).read_text()))
    cpu_before_s = time.process_time()
    begun = time.monotonic()
    done = asyncio.run(push_all(job, Path(job.payload).read_bytes()))
    cpu_s = time.process_time() - cpu_before_s
    print(json.dumps({"seconds": time.monotonic() - begun, "done": done, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
