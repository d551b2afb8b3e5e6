"""The commands about what leaves the house, put together: the premortem, notices, calendars, certificates, exports."""

import typer

from muster.cli import certificates, evidence, exports, findings, notices, premortem, schedules


def add_outgoing(app: typer.Typer) -> None:
    """Put them into the command line."""
    before = typer.Typer(invoke_without_command=True)
    before.callback()(premortem.premortem)
    before.command("ignore")(premortem.ignore_rule)
    before.command("heed")(premortem.heed_rule)
    before.command("rules")(premortem.rules)
    app.add_typer(before, name="premortem")

    told = typer.Typer(
        no_args_is_help=True, help="What clients are told about visits.\n\nExample: muster notices preview"
    )
    told.command("write")(notices.write)
    told.command("preview")(notices.preview)
    told.command("list")(notices.list_held)
    told.command("override")(notices.override)
    told.command("sheet")(notices.sheet)
    app.add_typer(told, name="notices")

    schedule = typer.Typer(
        no_args_is_help=True, help="Schedules of people and partners.\n\nExample: muster schedule export --person kim"
    )
    schedule.command("export")(schedules.export)
    app.add_typer(schedule, name="schedule")

    app.command("certificate")(certificates.certificate)
    proof = typer.Typer(
        no_args_is_help=True,
        help="What proves a certificate.\n\nExample: muster evidence verify acme/spring-acme-evidence.json",
    )
    proof.command("create-key")(evidence.make_key)
    proof.command("show-key")(evidence.show_key)
    proof.command("verify")(evidence.check)
    proof.command("compare")(evidence.compare)
    app.add_typer(proof, name="evidence")

    seen = typer.Typer(invoke_without_command=True)
    seen.callback()(findings.findings)
    seen.command("add")(findings.add)
    seen.command("cause")(findings.cause)
    app.add_typer(seen, name="findings")

    app.command("psa")(exports.psa)
    app.command("audit")(exports.audit)
