"""Plans as JSON: the schema that is published is the one of the types, and what is written holds to it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from scheduler.codec import plan_from_json, plan_schema, plan_to_json
from scheduler.solve import solve, without_time
from scheduler.stop import MaxIterations
from tests.scheduler.problems import random_problem

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "plan.schema.json").read_text())


def test_the_published_schema_is_that_of_the_program() -> None:
    """Where this fails, write the new one: json.dumps(plan_schema(), indent=2) and a line break."""
    Draft202012Validator.check_schema(SCHEMA)
    assert plan_schema() == SCHEMA


def test_every_key_is_described() -> None:
    page = (DOCS / "plan-json.md").read_text()
    keys = {key for part in (SCHEMA, *SCHEMA["$defs"].values()) for key in part.get("properties", {})}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


@settings(max_examples=30)
@given(st.integers(0, 10**9))
def test_every_plan_holds_to_the_schema_and_comes_back_as_it_was(seed: int) -> None:
    plan = solve(random_problem(seed), MaxIterations(5), seed)
    text = plan_to_json(plan)
    Draft202012Validator(SCHEMA).validate(json.loads(text))
    assert without_time(plan_from_json(text)) == without_time(plan)


@pytest.mark.parametrize("key", ["format", "assignments", "cost"])
def test_a_document_that_lacks_something_does_not_hold(key: str) -> None:
    document = json.loads(plan_to_json(solve(random_problem(1), MaxIterations(5), 1)))
    del document[key]
    assert not Draft202012Validator(SCHEMA).is_valid(document)
