"""What a folder of ``playbooks/`` must hold to be a fix: ``fix.yml``, checked key by key, and the files it names.

``docs/fixes.md`` is the contract for people. Everything is read through ``importlib.resources``, so that a fix works
the same from a checkout and from a wheel.
"""

import re
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from muster.errors import FixError
from muster.files import why_unreadable
from muster.fleet import OsFamily
from muster.steps import StepName

FIX_FILE = "fix.yml"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ParameterType = Literal["text", "words", "instants", "folder", "choice", "file", "number", "verbatim"]
ALWAYS_NAMED = ("timezone", "host")
"""What a step for people may name besides the fix's parameters: the machine's zone and its name."""
SHARED = "muster:"
"""What the name of a script begins with that every fix may use: ``muster:change.sh`` is ``playbooks/lib/change.sh``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParameterSpec(_Part):
    """One parameter of a fix. Without a default it must be given.

    Attributes:
        type: ``words`` are separated by spaces; ``instants`` are words of the form ``2026-11-22T12:00:00Z``; a
            ``folder`` is one that is there; a ``file`` is one that can be read; both lie on the machine that pushes, a
            relative one in the workspace; a ``number`` is written with digits; a ``choice`` is one of ``choices``;
            ``verbatim`` keeps its lines and spaces as they are.
        choices: what may be given, for a choice and for each of the words; empty means anything.
        example: shown where a value is wrong.
    """

    type: ParameterType = "text"
    default: str | None = None
    description: Line
    choices: tuple[str, ...] = ()
    example: str = ""

    @model_validator(mode="after")
    def _a_choice_has_choices(self) -> "ParameterSpec":
        if self.type == "choice" and not self.choices:
            raise ValueError("a parameter of type choice needs a list 'choices'")
        return self


class StepSpec(_Part):
    """One step for one family: the files that make its script, joined in order; and the playbook of the same.

    Attributes:
        playbook: what Ansible carries instead of the script; a step without scripts is always carried by Ansible.
        payload: the parameter of type ``file`` whose content the script finds on its standard input.
    """

    scripts: tuple[Line, ...] = ()
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    playbook: str = ""
    payload: str = ""

    @model_validator(mode="after")
    def _does_something(self) -> "StepSpec":
        if not self.scripts and not self.playbook:
            raise ValueError("a step needs a list 'scripts', a 'playbook', or both")
        return self


class FamilySpec(_Part):
    """The steps of one OS family. Verify is the probe again unless it is given.

    Attributes:
        check: says what apply would change, and changes nothing. Its scripts may be those of apply, which are then
            told by ``MUSTER_CHECK=1``; its playbook is run with ``--check --diff``.
    """

    probe: StepSpec
    apply: StepSpec
    verify: StepSpec | None = None
    rollback: StepSpec | None = None
    check: StepSpec | None = None

    def step(self, name: StepName) -> StepSpec | None:
        """The step of this name, where there is one."""
        match name:
            case StepName.PROBE:
                return self.probe
            case StepName.APPLY:
                return self.apply
            case StepName.VERIFY:
                return self.verify or self.probe
            case StepName.ROLLBACK:
                return self.rollback
            case StepName.CHECK:
                return self.check

    def named(self) -> dict[StepName, StepSpec]:
        """Every step that is there."""
        return {name: spec for name in StepName if (spec := self.step(name)) is not None}


class Trouble(_Part):
    """What a person does first where a push failed in a certain way.

    Attributes:
        cause: a regular expression that is looked for in the cause, whatever its case.
    """

    cause: Line
    steps: tuple[Line, ...] = Field(min_length=1)


class ByHand(_Part):
    """What a person does at a machine of one family where nothing can be pushed.

    A step may name a parameter of the fix, ``{timezone}`` and ``{host}`` in braces; with an empty value it is left out.

    Attributes:
        check: how one sees at the machine that it is right.
    """

    steps: tuple[Line, ...] = Field(min_length=1)
    check: Line
    troubles: tuple[Trouble, ...] = ()

    @property
    def every_step(self) -> tuple[str, ...]:
        """All that is said to a person."""
        return (*self.steps, self.check, *(step for one in self.troubles for step in one.steps))


class FixSpec(_Part):
    """A whole ``fix.yml``.

    Attributes:
        clients_notice: what clients notice when it is pushed, for the notices and pages that they see; in English.
        clients_notice_in: the same in other languages, by code (``fr``).
        by_hand: what a person does at a machine, by family; also of families that have no steps.
        prepare: ``module:function`` that makes the prepared fix; empty means the general one of
            ``playbooks.scripted``.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Line
    clients_notice: Line
    clients_notice_in: dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], Line] = {}
    prepare: Annotated[str, StringConstraints(pattern=r"^([\w.]+:\w+)?$")] = ""
    parameters: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], ParameterSpec] = {}
    families: dict[OsFamily, FamilySpec] = Field(min_length=1)
    by_hand: dict[OsFamily, ByHand] = {}

    def notice(self, code: str) -> str:
        """What clients notice, in a language; in English where the fix does not have it."""
        return self.clients_notice_in.get(code, self.clients_notice)

    @model_validator(mode="after")
    def _steps_by_hand_can_be_written(self) -> "FixSpec":
        known = {*self.parameters, *ALWAYS_NAMED}
        for family, one in self.by_hand.items():
            for trouble in one.troubles:
                _must_compile(trouble.cause)
            for step in one.every_step:
                if unknown := sorted(names_in(step) - known):
                    raise ValueError(f"by_hand.{family}: {step!r} names {unknown[0]!r}, which is no parameter")
        return self


def names_in(step: str) -> frozenset[str]:
    """The values that a step for people names in braces.

    Raises:
        ValueError: its braces do not fit together.
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(step) if name is not None)


def _must_compile(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def read_fix(folder: Traversable) -> FixSpec:
    """Read and check the fix in a folder.

    Raises:
        FixError: names the file, the key, what is wrong and what would be right.
    """
    place = f"{folder.name}/{FIX_FILE}"
    spec = _validated(place, _read_yaml(place, folder / FIX_FILE))
    if spec.name != folder.name:
        raise FixError(f"{place}: name: {spec.name!r} is not the name of its folder; write {folder.name!r}")
    for family, steps in spec.families.items():
        for name, step in steps.named().items():
            _check_step(spec, folder, f"{place}: families.{family}.{name}", step)
    return spec


def script_file(folder: Traversable, name: str) -> Traversable:
    """The file of a script: in the fix's folder, or one that all fixes share."""
    if name.startswith(SHARED):
        return files("playbooks").joinpath("lib", name.removeprefix(SHARED))
    return folder.joinpath(*name.split("/"))


def _check_step(spec: FixSpec, folder: Traversable, place: str, step: StepSpec) -> None:
    for key, file in [("scripts", file) for file in step.scripts] + [("playbook", step.playbook)]:
        if not file or script_file(folder, file).is_file():
            continue
        if file.startswith(SHARED):
            shared = sorted(entry.name for entry in files("playbooks").joinpath("lib").iterdir())
            there = ", ".join(SHARED + name for name in shared if name.endswith((".sh", ".cmd")))
            raise FixError(f"{place}.{key}: there is no shared script {file!r}; there are {there}")
        raise FixError(
            f"{place}.{key}: there is no file {file!r} in the folder",
            hint=f"Add {folder.name}/{file}, or take it out of {folder.name}/{FIX_FILE}.",
        )
    if step.payload and (step.payload not in spec.parameters or spec.parameters[step.payload].type != "file"):
        raise FixError(f"{place}.payload: {step.payload!r} is no parameter of type file")


def _read_yaml(place: str, file: Traversable) -> object:
    try:
        return _parsed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FixError(f"{place}: is not there; every fix has one", hint="docs/fixes.md shows a small one.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FixError(f"{place}: cannot be read: {why_unreadable(error)}") from None


@lru_cache(maxsize=64)
def _parsed(text: str) -> object:
    """Read once for each text: a page that shows twenty visits asks twenty times; nobody changes what is given out."""
    return yaml.safe_load(text)


def _validated(place: str, content: object) -> FixSpec:
    try:
        return FixSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        shown = "" if first["type"] == "missing" else f", not {first['input']!r}"
        wrong = first["msg"].removeprefix("Value error, ")
        raise FixError(
            f"{place}: {key + ': ' if key else ''}{wrong[0].lower()}{wrong[1:]}{shown}",
            hint=f"docs/fixes.md lists every key of {FIX_FILE}.",
        ) from None
