"""The groups of commands: each a noun, with what can be done to it."""

from collections.abc import Callable, Mapping

import typer

from muster.cli import (
    approvals,
    changes,
    changing_policy,
    evidence,
    findings,
    fix,
    fleet,
    make_or_buy,
    messages,
    money,
    notices,
    partner_fees,
    partner_files,
    partner_records,
    partner_tasks,
    partner_terms,
    partner_work,
    planning,
    premortem,
    proving,
    replanning,
    schedules,
    visits,
)

Commands = Mapping[str, Callable[..., None]]


def _noun(about: str, commands: Commands) -> typer.Typer:
    """A group that does nothing by itself; ``about`` is its help."""
    return _filled(typer.Typer(no_args_is_help=True, help=about), commands)


def _verb(itself: Callable[..., None], commands: Commands) -> typer.Typer:
    """A command that can be typed alone, with more behind it."""
    made = typer.Typer(invoke_without_command=True)
    made.callback()(itself)
    return _filled(made, commands)


def _filled(group: typer.Typer, commands: Commands) -> typer.Typer:
    for name, command in commands.items():
        group.command(name)(command)
    return group


HOSTS = _noun(
    "Hosts: trust their keys, and let refused passwords be tried again.",
    {"trust": fleet.trust, "forgive": fleet.forgive},
)

PLAN = _verb(
    planning.plan,
    {
        "explain": planning.explain,
        "bound": proving.bound,
        "tight": planning.tight,
        "show": planning.show,
        "diff": replanning.diff,
        "picture": replanning.picture,
        "export": replanning.export,
    },
)

FIX = _noun(
    "Fixes: list them, look at one, make your own, check it.",
    {"list": fix.list_fixes, "show": fix.show, "new": fix.new, "check": fix.check},
)

PARTNER = _noun(
    "Partners: vetting, agreements, what they see, do and are paid.",
    {
        "list": partner_files.partner_list,
        "show": partner_files.show,
        "import": partner_files.import_list,
        "vet": partner_files.vet,
        "override": partner_files.override,
        "credential": partner_files.credential,
        "agree": partner_terms.agree,
        "sign": partner_terms.sign,
        "document": partner_records.document,
        "suspend": partner_files.suspend,
        "authorise": partner_files.authorise,
        "limits": partner_files.limits,
        "client": partner_terms.client_terms,
        "rules": partner_terms.house_rules,
        "tasks": partner_tasks.tasks,
        "disclosures": partner_tasks.disclosures,
        "incident": partner_tasks.incident,
        "matters": partner_tasks.matters,
        "swap": partner_work.swap,
        "decide": partner_work.decide,
        "claim": partner_work.claim,
        "settle": partner_work.settle,
        "pay": partner_work.pay,
        "feedback": partner_records.feedback,
        "scorecard": partner_records.card,
        "cancel": partner_fees.cancel,
        "introduction": partner_fees.introduction,
        "fees": partner_fees.fees,
    },
)

MONEY = _noun(
    "Money: offers, quotes, sign-ups, and the profit of a campaign.",
    {
        "offer": money.offer,
        "quote": money.quote,
        "sign": money.sign,
        "quotes": money.quotes,
        "profit": money.profit,
        "make-or-buy": make_or_buy.make_or_buy,
    },
)

CHANGE = _noun(
    "What happens in mid-campaign: each shows what would move, and binds with --accept.\n\nExample: muster change list",
    {
        "sick": changes.sick,
        "back": changes.back,
        "no-show": changes.no_show,
        "suspend": changes.suspend,
        "overrun": changes.overrun,
        "standstill": changes.standstill,
        "guidance": changing_policy.guidance,
        "list": changes.change_list,
    },
)

PREMORTEM = _verb(
    premortem.premortem,
    {"ignore": premortem.ignore_rule, "heed": premortem.heed_rule, "rules": premortem.rules},
)

NOTICES = _noun(
    "What clients are told about visits.\n\nExample: muster notices preview",
    {
        "write": notices.write,
        "preview": notices.preview,
        "list": notices.list_held,
        "override": notices.override,
        "sheet": notices.sheet,
    },
)

MESSAGES = _verb(
    messages.messages,
    {"send": messages.send, "show": messages.show, "retry": messages.retry, "test": messages.test},
)

SCHEDULE = _noun(
    "Schedules of people and partners.\n\nExample: muster schedule export --person kim", {"export": schedules.export}
)

APPROVALS = _noun(
    "Approvals: what waits for a person's yes, and the answer.\n\nExample: muster approvals list",
    {
        "list": approvals.list_approvals,
        "show": approvals.show,
        "approve": approvals.approve,
        "refuse": approvals.refuse,
    },
)

EVIDENCE = _noun(
    "What proves a certificate.\n\nExample: muster evidence verify acme/spring-acme-evidence.json",
    {
        "create-key": evidence.make_key,
        "show-key": evidence.show_key,
        "verify": evidence.check,
        "compare": evidence.compare,
    },
)

FINDINGS = _verb(findings.findings, {"add": findings.add, "cause": findings.cause})

VISIT = _noun(
    "Visits: begin one, and say what it took.",
    {"start": visits.start, "finish": visits.finish, "list": visits.finished},
)
