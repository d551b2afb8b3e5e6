"""The parameters of a campaign, held against what a fix asks for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from muster.errors import FixError
from playbooks.contract import FixSpec, ParameterSpec


def read_values(fix: FixSpec, given: Mapping[str, str]) -> dict[str, str]:
    """Every parameter of the fix with its value: the given one, else the default.

    Raises:
        FixError: a parameter is unknown, is missing, or has a value that is not of its type.
    """
    for name in given:
        if name not in fix.parameters:
            there = ", ".join(fix.parameters) or "none"
            raise FixError(f"{fix.name}: parameters.{name}: there is no such parameter; there are {there}")
    return {name: _value(fix, name, spec, given.get(name, spec.default)) for name, spec in fix.parameters.items()}


def read_instants(text: str) -> tuple[datetime, ...]:
    """Instants separated by spaces, aware, in UTC, without repetition.

    Raises:
        ValueError: one of them cannot be read, or says no zone.
    """
    instants: dict[datetime, None] = {}
    for word in text.split():
        instant = datetime.fromisoformat(word)
        if instant.tzinfo is None:
            raise ValueError(f"{word!r} does not say its zone")
        instants[instant.astimezone(UTC)] = None
    return tuple(instants)


def _value(fix: FixSpec, name: str, spec: ParameterSpec, value: str | None) -> str:
    place = f"{fix.name}: parameters.{name}"
    example = f", such as {spec.example!r}" if spec.example else ""
    if value is None:
        raise FixError(f"{place}: is missing: {spec.description.rstrip('.')}{example}")
    value = " ".join(value.split())
    if spec.type in {"choice", "words"} and spec.choices:
        words = [value] if spec.type == "choice" else value.split()
        for word in words:
            if word not in spec.choices:
                raise FixError(f"{place}: {word!r} is not one of {', '.join(spec.choices)}")
    if spec.type == "instants":
        _check_instants(place, value, example)
    if spec.type == "folder" and value and not Path(value).expanduser().is_dir():
        raise FixError(f"{place}: there is no folder {value!r}; give one that is there{example}")
    return value


def _check_instants(place: str, value: str, example: str) -> None:
    try:
        instants = read_instants(value)
    except ValueError as error:
        raise FixError(f"{place}: {error}; give UTC instants separated by spaces{example}") from None
    if not instants:
        raise FixError(f"{place}: is empty; give at least one UTC instant{example}")
