"""The command ``muster``: its groups, the options before the command, and the one place where errors end."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

import muster
from muster.cli import (
    acts,
    backups,
    calendars,
    capacity,
    certificates,
    demo,
    doctor,
    due,
    estimates,
    exports,
    fleet,
    forecasting,
    groups,
    joining,
    odds,
    pilot,
    planning,
    portal,
    replanning,
    up,
    watching,
    waves,
    whatif,
    worker,
)
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


Panel = Mapping[str, Callable[..., None] | typer.Typer]

PANELS: Mapping[str, Panel] = {
    "Make ready": {
        "init": fleet.init,
        "import": fleet.import_files,
        "calendars": calendars.calendars,
        "hosts": groups.HOSTS,
        "fix": groups.FIX,
        "doctor": doctor.doctor,
        "demo": demo.demo,
    },
    "Can we make it": {
        "probe": acts.probe,
        "estimate": estimates.estimate,
        "pilot": pilot.pilot,
        "capacity": capacity.capacity,
        "plan": groups.PLAN,
        "what-if": whatif.what_if,
        "odds": odds.odds,
        "forecast": forecasting.forecast,
        "replan": replanning.replan,
        "change": groups.CHANGE,
        "join": joining.join,
    },
    "Before it begins": {
        "premortem": groups.PREMORTEM,
        "waves": waves.waves,
        "notices": groups.NOTICES,
        "dispatch": planning.dispatch,
    },
    "Push": {
        "up": up.up,
        "due": due.due_now,
        "portal": portal.PORTAL,
        "run": acts.run,
        "status": watching.status,
        "stop": acts.stop,
        "resume": acts.resume,
        "retry": acts.retry,
        "rollback": acts.rollback,
        "visit": groups.VISIT,
        "approvals": groups.APPROVALS,
    },
    "Keep it running": {"worker": worker.worker, "backup": backups.backup, "restore": backups.restore},
    "Partners and money": {"partner": groups.PARTNER, "money": groups.MONEY},
    "What leaves the house": {
        "messages": groups.MESSAGES,
        "report": watching.report,
        "certificate": certificates.certificate,
        "evidence": groups.EVIDENCE,
        "findings": groups.FINDINGS,
        "schedule": groups.SCHEDULE,
        "psa": exports.psa,
        "audit": exports.audit,
    },
}
"""Every command, in the order in which a campaign needs them."""

for _title, _panel in PANELS.items():
    for _name, _command in _panel.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_title)
        else:
            app.command(_name, rich_help_panel=_title)(_command)


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
