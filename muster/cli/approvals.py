"""The commands ``muster approvals``: what waits for a person's yes, and the answer."""

from collections.abc import Sequence
from typing import Annotated

import typer

from flows.approvals import approvals_of, decide, find_approval, still_waiting
from muster.approvals import Approval, who_may
from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import Workspace, me, opened

AsOption = Annotated[str, typer.Option("--as", help="Who decides: a name that the campaign or muster.yml names.")]


def list_approvals(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were decided.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the requests that wait for a person, of every campaign, with who may decide them.

    Example: muster approvals list
    """
    with opened(context) as workspace:
        known = approvals_of(workspace.services.book)
        shown = known if everything else still_waiting(known)
        if as_json:
            say_json({"approvals": [_document(workspace, one) for one in shown]})
            return
        if not shown:
            say("nothing waits for an approval" + ("" if everything else " (--all lists what was decided)"))
            return
        table(
            ("request", "campaign", "what", "asked by", "state", "who may decide"),
            [_row(workspace, one) for one in shown],
        )


def show(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help="Id of a request.")],
    as_json: JsonOption = False,
) -> None:
    """Show one request: what would be done, who asked, who may decide, and what was said.

    Example: muster approvals show A-3f9c21ab
    """
    with opened(context) as workspace:
        found = find_approval(workspace.services.book, request).value
        if as_json:
            say_json(_document(workspace, found))
            return
        say(f"{found.id}: {found.sentence}", style="bold")
        say(f"  campaign {found.campaign_id}, {found.act.value}: {found.subject}")
        say(f"  asked by {found.asked_by} at {found.asked_at:%Y-%m-%d %H:%M} UTC")
        if found.decision is None:
            say(f"  waits for {' or '.join(_may(workspace, found)) or 'somebody who may decide: nobody is named'}")
            return
        said = found.decision
        why = f": {said.why}" if said.why else ""
        login = f" (login {said.login})" if said.login else ""
        say(f"  {found.state.value} by {said.by}{login} at {said.at:%Y-%m-%d %H:%M} UTC{why}")


def approve(
    context: typer.Context,
    requests: Annotated[list[str], typer.Argument(help="Ids of requests.")],
    person: AsOption,
    why: Annotated[str, typer.Option(help="For the record.")] = "",
) -> None:
    """Say yes. Who asked cannot; and it starts nothing by itself that a person began: that one is tried again.

    Example: muster approvals approve A-3f9c21ab --as "Kim Lee" --why "canary looked at, logs are clean"
    """
    _decide(context, requests, person, why, approved=True)


def refuse(
    context: typer.Context,
    requests: Annotated[list[str], typer.Argument(help="Ids of requests.")],
    person: AsOption,
    why: Annotated[str, typer.Option(help="Why not, for whoever asked.")],
) -> None:
    """Say no, and why. A no to the ramp also stops the campaign; who wants the rest all the same asks anew.

    Example: muster approvals refuse A-3f9c21ab --as "Kim Lee" --why "two tills lost their printers"
    """
    _decide(context, requests, person, why, approved=False)


def _decide(context: typer.Context, requests: Sequence[str], person: str, why: str, *, approved: bool) -> None:
    with opened(context) as workspace:
        for request in requests:
            said = decide(workspace.services, request, approved=approved, person=person, login=me(), why=why)
            say(f"{said.id} {said.state.value} by {person}: {said.sentence}")
        if approved:
            say("next: whoever asked tries again; what goes by itself goes on (muster up)")


def _row(workspace: Workspace, one: Approval) -> tuple[str, ...]:
    who = " or ".join(_may(workspace, one))
    return (one.id, one.campaign_id, one.sentence, one.asked_by, one.state.value, who)


def _may(workspace: Workspace, one: Approval) -> tuple[str, ...]:
    rule = workspace.ledger.campaign(one.campaign_id).approvals.rule(one.act)
    return who_may(rule, workspace.settings.approvers)


def _document(workspace: Workspace, one: Approval) -> dict[str, object]:
    said = one.decision
    return {
        "id": one.id,
        "campaign": one.campaign_id,
        "act": one.act.value,
        "subject": one.subject,
        "what": one.sentence,
        "asked_by": one.asked_by,
        "asked_at": one.asked_at.isoformat(),
        "state": one.state.value,
        "who_may_decide": list(_may(workspace, one)),
        "decided_by": said.by if said else None,
        "decided_at": said.at.isoformat() if said else None,
        "why": said.why if said else None,
    }
