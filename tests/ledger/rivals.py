"""One of several processes that push the same hosts: claims, touches, finishes, until nothing is left.

``python -m tests.ledger.rivals ADDRESS NAME HOSTS`` says ``ready``, waits for a line on standard input, and prints
one line of JSON: every lease it was given, as [host, fence].
"""

import json
import random
import sys

from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import SystemClock
from muster.ids import RunnerId
from tests.ledger.make import claim, finish, ids


def main() -> None:
    """Push until there is nothing left to claim."""
    address, name, hosts = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ledger = open_ledger(address, clock=SystemClock(), create=False)
    assert isinstance(ledger, SqlLedger)
    print("ready", flush=True)  # noqa: T201 - spoken to the test
    sys.stdin.readline()
    host_ids = ids(hosts)
    random.Random(name).shuffle(host_ids)  # noqa: S311 - an order, not a secret
    got: list[tuple[str, int]] = []
    # everybody asks for everything, in an order of their own, again and again
    while True:
        began = len(got)
        for start in range(0, hosts, 5):
            leases = claim(ledger, host_ids[start : start + 5], RunnerId(name))
            got += [(lease.host_id, lease.fence) for lease in leases]
            assert finish(ledger, leases) == ()
        if len(got) == began:
            break
    print(json.dumps(got), flush=True)  # noqa: T201 - spoken to the test
    ledger.close()


if __name__ == "__main__":
    main()
