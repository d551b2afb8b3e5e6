"""parallel-ssh at the work of the push benchmark, as its documentation has it: one client, pool 100, one command.

Runs in its own environment (``.cache/push-peers``), so it imports nothing of Muster. Takes the job's file, prints one
line of JSON. It knows no host keys: every host is trusted.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from pssh.clients import ParallelSSHClient  # type: ignore[import-not-found]  # a peer, not a dependency


def main() -> None:
    """Push to every host of the job."""
    job = SimpleNamespace(**json.loads(Path(sys.argv[1]).read_text()))
    payload = Path(job.payload).read_bytes()
    cpu_before_s = time.process_time()
    begun = time.monotonic()
    client = ParallelSSHClient(
        [host["address"] for host in job.hosts],
        user="root",
        port=job.hosts[0]["port"],
        pkey=job.key_file,
        allow_agent=False,
        num_retries=1,
        timeout=30,
        pool_size=100,
    )
    outputs = client.run_command(f"MUSTER_SUM={job.sha256}\n{job.script}", stop_on_errors=False)
    for output in outputs:
        if output.exception is None:
            output.stdin.write(payload)
            output.stdin.flush()
    client.join(outputs)
    done = sum("done\tapply" in list(output.stdout) for output in outputs if output.exception is None)
    cpu_s = time.process_time() - cpu_before_s
    print(json.dumps({"seconds": time.monotonic() - begun, "done": done, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
