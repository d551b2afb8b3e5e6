"""Plans as JSON, for files and for ``muster plan diff A B``.

The document is the dataclass ``muster.plan.Plan`` field by field: ids as strings, instants as ISO 8601 with their
offset, sets as lists, plus ``"format": "muster-plan-1"`` at its head. What is written can be read again without loss.
``docs/plan-json.md`` describes it for other programs, and ``docs/plan.schema.json`` is its JSON Schema.
"""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from muster.errors import InputError
from muster.plan import Plan

FORMAT = "muster-plan-1"

_ADAPTER: TypeAdapter[Plan] = TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> str:
    """The plan as text, indented, the same text for the same plan."""
    document = {"format": FORMAT, **_ADAPTER.dump_python(plan, mode="json")}
    for visit in document["visits"]:
        visit["skills"] = sorted(visit["skills"])
    return json.dumps(document, indent=1, ensure_ascii=False)


def plan_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of the document, from the types themselves."""
    schema: dict[str, object] = _ADAPTER.json_schema(mode="serialization")
    fields = schema.pop("properties")
    required = schema.pop("required")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of Muster",
        **{key: value for key, value in schema.items() if key != "title"},
        "properties": {"format": {"const": FORMAT}, **dict(fields)},  # type: ignore[call-overload]
        "required": ["format", *list(required)],  # type: ignore[call-overload]
        "additionalProperties": False,
    }


def plan_from_json(text: str) -> Plan:
    """The plan that a text holds.

    Raises:
        InputError: it is not JSON, not a plan, or of another format; the message names the first thing that is wrong.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise InputError(f"this is not a plan: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format", "none") if isinstance(document, dict) else type(document).__name__
        raise InputError(f"this is not a plan of format {FORMAT}, but {found!r}")
    try:
        return _ADAPTER.validate_python({key: value for key, value in document.items() if key != "format"})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"this is not a plan: {where}: {first['msg'].lower()}") from None
