"""The command ``muster``: its groups, the options before the command, and the one place where errors end."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

import muster
from muster.cli import (
    acts,
    calendars,
    capacity,
    demo,
    doctor,
    fix,
    fleet,
    odds,
    partner_files,
    partner_terms,
    partners,
    pilot,
    planning,
    replanning,
    watching,
    waves,
    whatif,
)
from muster.cli import money as money_commands
from muster.cli.outgoing import add_outgoing
from muster.cli.output import errors, say_error
from muster.cli.workspace import Workspace
from muster.errors import MusterError

app = typer.Typer(
    name="muster",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Get a large fleet of client machines fixed before a date that will not move.",
    epilog="A campaign: init, import, hosts trust, probe, estimate, capacity, plan, dispatch, run, status, report.",
)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - Typer hands it so
    if asked:
        typer.echo(f"muster {muster.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Option("--workspace", "-C", envvar="MUSTER_WORKSPACE", help="The workspace folder.", show_default="here"),
    ] = Path(),
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Options before the command."""
    del version
    context.obj = Workspace(folder)


hosts = typer.Typer(no_args_is_help=True, help="Hosts: trust their keys.")
hosts.command("trust")(fleet.trust)
hosts.command("forgive")(fleet.forgive)

plan = typer.Typer(invoke_without_command=True)
plan.callback()(planning.plan)
plan.command("explain")(planning.explain)
plan.command("tight")(planning.tight)
plan.command("show")(planning.show)
plan.command("diff")(replanning.diff)
plan.command("picture")(replanning.picture)
plan.command("export")(replanning.export)

partner = typer.Typer(no_args_is_help=True, help="Partners: vetting, agreements, what they see, do and are paid.")
partner.command("list")(partner_files.partner_list)
partner.command("show")(partner_files.show)
partner.command("import")(partner_files.import_list)
partner.command("vet")(partner_files.vet)
partner.command("override")(partner_files.override)
partner.command("credential")(partner_files.credential)
partner.command("agree")(partner_terms.agree)
partner.command("sign")(partner_terms.sign)
partner.command("document")(partners.document)
partner.command("suspend")(partner_files.suspend)
partner.command("authorise")(partner_files.authorise)
partner.command("limits")(partner_files.limits)
partner.command("client")(partner_terms.client_terms)
partner.command("rules")(partner_terms.house_rules)
partner.command("tasks")(partners.tasks)
partner.command("disclosures")(partners.disclosures)
partner.command("incident")(partners.incident)
partner.command("matters")(partners.matters)
partner.command("swap")(partners.swap)
partner.command("decide")(partners.decide)
partner.command("claim")(partners.claim)
partner.command("settle")(partners.settle)
partner.command("pay")(partners.pay)
partner.command("feedback")(partners.feedback)
partner.command("scorecard")(partners.card)

fixes = typer.Typer(no_args_is_help=True, help="Fixes: list them, look at one, make your own, check it.")
fixes.command("list")(fix.list_fixes)
fixes.command("show")(fix.show)
fixes.command("new")(fix.new)
fixes.command("check")(fix.check)

money = typer.Typer(no_args_is_help=True, help="Money: offers, quotes, sign-ups, and the profit of a campaign.")
money.command("offer")(money_commands.offer)
money.command("quote")(money_commands.quote)
money.command("sign")(money_commands.sign)
money.command("quotes")(money_commands.quotes)
money.command("profit")(money_commands.profit)

app.command("init")(fleet.init)
app.command("import")(fleet.import_files)
app.command("calendars")(calendars.calendars)
app.add_typer(hosts, name="hosts")
app.add_typer(fixes, name="fix")
app.command("probe")(acts.probe)
app.command("estimate")(planning.estimate)
app.command("pilot")(pilot.pilot)
app.command("capacity")(capacity.capacity)
app.add_typer(plan, name="plan")
app.add_typer(partner, name="partner")
app.add_typer(money, name="money")
app.command("replan")(replanning.replan)
app.command("what-if")(whatif.what_if)
app.command("odds")(odds.odds)
app.command("dispatch")(planning.dispatch)
app.command("waves")(waves.waves)
app.command("run")(acts.run)
app.command("stop")(acts.stop)
app.command("resume")(acts.resume)
app.command("status")(watching.status)
app.command("retry")(acts.retry)
app.command("rollback")(acts.rollback)
app.command("report")(watching.report)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
add_outgoing(app)


def main() -> None:
    """Run the command line; every error ends here as a sentence, never as a traceback."""
    try:
        app()
    except MusterError as error:
        say_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)  # the reader of our output has seen enough (muster status | head)
    except OSError as error:
        errors.print(f"[bold red]muster:[/] {escape(_what_of(error))}")
        errors.print(
            "[bold]what to do:[/] see whether it is there, whether you may use it, and whether the disk has room"
        )
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence and a place to look, no traceback
        errors.print(f"[bold red]muster:[/] an error nobody foresaw: {type(error).__name__}: {escape(str(error))}")
        errors.print(f"[bold]what to do:[/] please report it with {_keep_details()}")
        sys.exit(70)


def _what_of(error: OSError) -> str:
    """A file's trouble as a sentence; where no file is named, it is what we write to."""
    return f"{error.filename or 'the output'}: {error.strerror or error}"


def _keep_details() -> Path:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="muster-error-", suffix=".txt", delete=False) as kept:
        kept.write(traceback.format_exc())
    return Path(kept.name)
