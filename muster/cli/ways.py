"""The options of every command that changes a plan that binds; such a command takes them as one ``Way``."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Annotated, get_type_hints

import typer

from muster.cli.campaigns import ByOption, CampaignOption, JsonOption
from muster.cli.workspace import me

AcceptOption = Annotated[bool, typer.Option("--accept", help="Make it so: the plan shown binds, and people are told.")]
NoticeOption = Annotated[
    str | None, typer.Option("--without-notice", help="Why clients that cannot be told may go without a notice.")
]
WhyOption = Annotated[str, typer.Option("--why", help="Why visits moved, in words for clients and partners.")]


@dataclass(frozen=True)
class Way:
    """How a change is gone about. Every field is an option of the commands that are marked with ``takes_way``."""

    accept: AcceptOption = False
    choice: Annotated[
        int | None, typer.Option("--choice", min=1, help="Which of the choices shown; by default the one marked.")
    ] = None
    cheaper: Annotated[bool, typer.Option("--cheaper", help="Also look for cheaper plans that move more.")] = False
    keep: Annotated[list[str] | None, typer.Option(help="A visit that must not move; repeat it.")] = None
    release: Annotated[
        list[str] | None,
        typer.Option(help="A visit that may move although its client was told; repeat it, or say all."),
    ] = None
    without_notice: NoticeOption = None
    why: WhyOption = ""
    by: ByOption = None
    campaign: CampaignOption = None
    as_json: JsonOption = False

    @property
    def decides(self) -> str:
        """Who decides so, for the record."""
        return self.by or me()


def takes_way(command: Callable[..., None]) -> Callable[..., None]:
    """Let Typer see each field of a command's last argument, a ``Way``, as an option of its own."""
    *own, last = inspect.signature(command, eval_str=True).parameters.values()
    if last.annotation is not Way:
        raise TypeError(f"the last argument of {command.__name__} is no Way")
    kinds = get_type_hints(Way, include_extras=True)
    options = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=kinds[one.name])
        for one in fields(Way)
    ]

    @wraps(command)
    def typed(**given: object) -> None:
        chosen = {one.name: given.pop(one.name) for one in options}
        command(**given, **{last.name: Way(**chosen)})  # type: ignore[arg-type]  # Typer has checked them

    typed.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]  # what Typer reads
    return typed
