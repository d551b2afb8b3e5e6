"""The hosts of the push benchmark for pyinfra: the job's file is named by the environment."""

import json
import os
from pathlib import Path

_JOB = json.loads(Path(os.environ["MUSTER_BENCH_JOB"]).read_text())

hosts = [
    (
        host["id"],
        {
            "ssh_hostname": host["address"],
            "ssh_port": host["port"],
            "ssh_user": "root",
            "ssh_key": _JOB["key_file"],
            "ssh_known_hosts_file": _JOB["known_hosts"],
            "ssh_strict_host_key_checking": "yes",
        },
    )
    for host in _JOB["hosts"]
]
