"""The parameters of a campaign, held against what a fix asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from muster.errors import FixError
from playbooks.contract import FixSpec, ParameterSpec


def read_values(fix: FixSpec, given: Mapping[str, str], *, base: Path = Path()) -> dict[str, str]:
    """Every parameter of the fix with its value: the given one, else the default.

    ``base`` is the folder that relative files and folders are taken from: the workspace.

    Raises:
        FixError: a parameter is unknown, is missing, or has a value that is not of its type.
    """
    for name in given:
        if name not in fix.parameters:
            there = ", ".join(fix.parameters) or "none"
            raise FixError(f"{fix.name}: parameters.{name}: there is no such parameter; there are {there}")
    return {
        name: _value(_Asked(fix.name, name, spec, base), given.get(name, spec.default))
        for name, spec in fix.parameters.items()
    }


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """One parameter of a fix, and where its files lie."""

    fix: str
    name: str
    spec: ParameterSpec
    base: Path

    @property
    def place(self) -> str:
        return f"{self.fix}: parameters.{self.name}"

    @property
    def example(self) -> str:
        return f", such as {self.spec.example!r}" if self.spec.example else ""


def _value(asked: _Asked, value: str | None) -> str:
    if value is None:
        raise FixError(f"{asked.place}: is missing: {asked.spec.description.rstrip('.')}{asked.example}")
    if asked.spec.type == "verbatim":
        return value
    value = " ".join(value.split())
    match asked.spec.type:
        case "choice" | "words" if asked.spec.choices:
            _check_choices(asked, value)
        case "instants":
            _check_instants(asked.place, value, asked.example)
        case "number":
            _check_number(asked, value)
        case "folder" | "file" if value:
            return _place(asked, value)
        case _:
            pass
    return value


def _check_choices(asked: _Asked, value: str) -> None:
    for word in [value] if asked.spec.type == "choice" else value.split():
        if word not in asked.spec.choices:
            raise FixError(f"{asked.place}: {word!r} is not one of {', '.join(asked.spec.choices)}")


def _check_number(asked: _Asked, value: str) -> None:
    if not re.fullmatch(r"\d+(\.\d+)?", value):
        raise FixError(f"{asked.place}: {value!r} is not a number; write digits{asked.example}")


def _place(asked: _Asked, value: str) -> str:
    """A file or folder as it is found from anywhere."""
    path = asked.base / Path(value).expanduser()
    if asked.spec.type == "folder" and not path.is_dir():
        raise FixError(f"{asked.place}: there is no folder {value!r}; give one that is there{asked.example}")
    if asked.spec.type == "file" and not path.is_file():
        raise FixError(f"{asked.place}: there is no file {value!r}; give one that is there{asked.example}")
    return str(path.resolve())


def _check_instants(place: str, value: str, example: str) -> None:
    try:
        instants = read_instants(value)
    except ValueError as error:
        raise FixError(f"{place}: {error}; give UTC instants separated by spaces{example}") from None
    if not instants:
        raise FixError(f"{place}: is empty; give at least one UTC instant{example}")
