"""``prefect.yaml`` names every flow that there is, in a form that Prefect itself can read."""

from pathlib import Path

import yaml
from prefect.flows import load_flow_from_entrypoint

from flows.campaign import FLOWS
from flows.deployments import prefect_yaml

FILE = Path(__file__).parents[2] / "prefect.yaml"


def test_the_file_is_what_the_flows_make() -> None:
    assert FILE.read_text() == prefect_yaml(), "write it anew: python -m flows.deployments > prefect.yaml"


def test_prefect_finds_each_flow_by_its_entrypoint() -> None:
    deployments = yaml.safe_load(FILE.read_text())["deployments"]
    assert {one["flow_name"] for one in deployments} == set(FLOWS)
    for one in deployments:
        assert load_flow_from_entrypoint(one["entrypoint"]) is FLOWS[one["flow_name"]]
