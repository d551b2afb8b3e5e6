"""ansible-runner alone at the work of the push benchmark: one call of ``run`` with the playbook and 50 forks.

Takes the job's file, prints one line of JSON. Runs in Muster's environment and imports nothing of Muster.
"""

import json
import os
import sys
import time
from pathlib import Path

import ansible_runner

FORKS = 50


def main() -> None:
    """Push to every host of the job."""
    folder = Path(sys.argv[1]).parent
    (folder / "runner").mkdir()
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    cpu_before_s = time.process_time()
    begun = time.monotonic()
    run = ansible_runner.run(
        private_data_dir=str(folder / "runner"),
        playbook=str(Path(__file__).parents[1] / "push_fix.yml"),
        inventory=str(folder / "inventory.ini"),
        extravars=json.loads((folder / "variables.json").read_text()),
        forks=FORKS,
        quiet=True,
    )
    seconds = time.monotonic() - begun
    done = sum(host not in {**run.stats["failures"], **run.stats["dark"]} for host in run.stats["ok"])
    print(json.dumps({"seconds": seconds, "done": done, "cpu_before_s": cpu_before_s}))


if __name__ == "__main__":
    main()
