"""The deployments of every flow, as ``prefect.yaml`` in the repository's root has them.

``python -m flows.deployments > prefect.yaml`` writes the file; a test holds it equal to the flows that there are.
Muster makes the same deployments itself when it first hands a flow over (``flows.workers``); ``prefect deploy --all``
is for those who want to see and change them before.
"""

import sys

from flows.campaign import FLOWS
from flows.reach import CAMPAIGNS, HOME
from flows.workers import DEPLOYMENT

HEAD = """\
# The deployments of Muster's flows: prefect deploy --all (docs/operations.md).
# Made by python -m flows.deployments, from flows.campaign.FLOWS; a test holds the two equal.
name: muster
pull: []
deployments:
"""


def prefect_yaml(work_pool: str = "muster") -> str:
    """The whole file."""
    return HEAD + "".join(_deployment(name, work_pool) for name in FLOWS)


def _deployment(name: str, work_pool: str) -> str:
    function = FLOWS[name].fn
    about = (FLOWS[name].description or "").partition("\n")[0]
    lines = (
        f"- name: {DEPLOYMENT}",
        f"  flow_name: {name}",
        f"  description: '{about.replace(chr(39), chr(39) * 2)}'",
        f"  entrypoint: {function.__module__}:{function.__name__}",
        "  work_pool:",
        f"    name: {work_pool}",
        f"    work_queue_name: {HOME if name == 'part' else CAMPAIGNS}",
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(prefect_yaml())
