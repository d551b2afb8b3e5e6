"""What pushing costs, beside other tools, on whole and on broken fleets.

::

    python -m benchmarks.push --hosts 200,500,1000      # the same fix on OpenSSH hosts, cold (as root)
    python -m benchmarks.push --faulty 25 --hosts 200   # a quarter of the hosts is broken, each in its own way
    python -m benchmarks.push --stub 500,10000          # memory of a campaign, with a transport that touches nothing
    python -m benchmarks.push --winrm 200 --logon ntlm  # commands on stub Windows hosts, beside pywinrm and Ansible

The fix of the first two is a stand-in of the usual size: look at a checksum, write 100 KB, swap a link, verify. Every
round brings a new file, so that every contestant writes; afterwards the file is read in every host from outside.

What the figures mean:

- ``hosts_per_s``: hosts done by the time from the first host to the last. Libraries are measured without starting
  Python; ``ansible-playbook`` and ``pyinfra`` are commands, so their start counts (about a second).
- ``client_cpu_ms_per_host``: user and system time of the tool and everything that it starts, between the first host and
  the last (of commands: of the whole command); the fleet's own is not in it.
- ``fleet_cpu_ms_per_host``: what the visit cost the hosts, which stand on the same machine.
- ``hosts_per_core_s``: hosts for each second of a core, client and host together: the rate that a machine full of other
  work cannot distort. On two cores of its own a contestant comes to twice that.
- ``peak_rss_mb``: all processes of the tool together; pages that forks share count for each.
- ``load_before``: the machine's load when a round began, the fleet's and that of whatever else runs.

Host keys are checked by all but parallel-ssh, which has no way to. Muster,
asyncssh and Ansible offer P-256 first, which costs a host least; the others what is their own default.
"""

import argparse

from benchmarks.common import Row, options_of, show
from benchmarks.push_ssh import ORDER, measure_ssh, ssh_ratios
from tests.fleet.openssh import why_not

Made = tuple[list[Row], dict[str, float]]


def main() -> None:
    """Measure, and show."""
    parser = options_of("push", "What pushing costs, beside other tools, on whole and on broken fleets.")
    parser.add_argument("--hosts", default="200", help="sizes of the SSH fleet, with commas between")
    parser.add_argument("--threads", type=int, default=32, help="hosts at one time (Muster, ssh2-python, WinRM)")
    parser.add_argument("--only", default=",".join(ORDER), help="contestants on SSH hosts, with commas between")
    parser.add_argument("--slow-rounds", type=int, default=0, help="rounds of what takes minutes; 0 means --rounds")
    parser.add_argument("--faulty", type=int, default=0, metavar="PERCENT", help="break so many of a hundred hosts")
    parser.add_argument("--stub", default="", metavar="SIZES", help="campaigns of so many hosts, nothing touched")
    parser.add_argument("--winrm", type=int, default=0, metavar="HOSTS", help="stub Windows hosts")
    parser.add_argument("--logon", choices=["basic", "ntlm"], default="ntlm", help="of the WinRM hosts")
    arguments = parser.parse_args()
    rows, ratios = _measured(arguments)
    options = {key: value for key, value in vars(arguments).items() if key != "json"}
    show("push", options, rows, ratios, as_json=arguments.json)


def _measured(arguments: argparse.Namespace) -> Made:
    sizes = [int(size) for size in arguments.hosts.split(",")]
    if arguments.winrm:
        from benchmarks.push_winrm import measure_winrm

        return measure_winrm(arguments.winrm, arguments.logon, threads=arguments.threads, rounds=arguments.rounds)
    if arguments.stub:
        from benchmarks.push_stub import measure_stub

        return measure_stub([int(size) for size in arguments.stub.split(",")], rounds=arguments.rounds)
    if reason := why_not():
        raise SystemExit(f"benchmarks.push: {reason}")
    if arguments.faulty:
        from benchmarks.push_faulty import measure_faulty

        return measure_faulty(sizes, arguments.faulty, rounds=arguments.rounds)
    chosen = [who for who in ORDER if who in arguments.only.split(",")]
    slow = arguments.slow_rounds or arguments.rounds
    rows = measure_ssh(sizes, chosen, threads=arguments.threads, rounds=arguments.rounds, slow=slow)
    return rows, ssh_ratios(rows)


if __name__ == "__main__":
    main()
