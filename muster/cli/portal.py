"""``muster portal``: serve the web application, and say who may come in."""

import getpass
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError

if TYPE_CHECKING:
    from ledger.portal_store import PortalStore
    from portal.accounts import Accounts

PORTAL = typer.Typer(
    invoke_without_command=True,
    help="Serve the portal, the web application for managers, engineers, partners and clients; say who may come in.\n\n"
    "Example: muster portal --port 8080",
)
ACCOUNTS = typer.Typer(no_args_is_help=True, help="Accounts of the portal.")
LINK = typer.Typer(no_args_is_help=True, help="Links that let one person in from one device, without a password.")
TOKEN = typer.Typer(no_args_is_help=True, help="Programs' keys to the portal's API.")
PORTAL.add_typer(ACCOUNTS, name="accounts")
PORTAL.add_typer(LINK, name="link")
PORTAL.add_typer(TOKEN, name="token")

NameOption = Annotated[str, typer.Option("--name", help="The person's name, as others read it.")]
ZoneOption = Annotated[str, typer.Option("--timezone", help="IANA name in which times are told to them.")]
LanguageOption = Annotated[
    str, typer.Option("--language", help="Language of their pages: en, fr, de or es; else their site's.")
]
DaysOption = Annotated[float, typer.Option("--days", min=0.01, help="How long it works.")]
AccountArgument = Annotated[str, typer.Argument(help="Login name.")]


@PORTAL.callback()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; by default this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    proxy: Annotated[
        str,
        typer.Option("--proxy-headers", help="Addresses of proxies whose X-Forwarded-For is believed, with commas."),
    ] = "",
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve.")] = 1,
) -> None:
    """Serve the portal until Ctrl-C or SIGTERM.

    Example: muster portal --port 8080
    """
    if context.invoked_subcommand is not None:
        return
    from portal.serve import Where, is_loopback, listen
    from portal.serve import serve as serve_portal

    with opened(context) as workspace:
        workspace.ledger.revision()  # the ledger's troubles are told before anything listens
        if not _store(workspace).accounts() and not workspace.settings.portal_oidc_issuer:
            say("nobody can log in yet: muster portal accounts add NAME --role manager", style="yellow")
        if not is_loopback(host) and workspace.settings.portal_url.startswith("http://"):
            say("warning: passwords travel in the clear; put it behind TLS (docs/portal.md)", style="bold red")
        where = Where(host, port, proxy, processes)
        listening = listen(where)
        say(f"the portal listens on http://{host}:{port}")
        serve_portal(workspace.settings.workspace, where, listening)


@ACCOUNTS.command("add")
def add_account(
    context: typer.Context,
    account: AccountArgument,
    role: Annotated[
        str,
        typer.Option(
            help="manager, auditor, engineer PERSON, partner-manager PARTNER, "
            "partner-technician PARTNER PERSON, or client CLIENT...; in quotation marks."
        ),
    ],
    name: NameOption = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    timezone: ZoneOption = "",
    language: LanguageOption = "",
) -> None:
    """Add an account; the password is asked for (or read as one line from standard input).

    Example: muster portal accounts add ana --role manager --name "Ana Silva"
    """
    from portal.accounts import checked, whom_of

    spoken = _known(language)
    with opened(context) as workspace:
        accounts = _accounts(workspace)
        whom = checked(replace(whom_of(role), name=name or account), workspace.ledger)
        made = accounts.add(account, whom, password=_password(), email=email, timezone=timezone, language=spoken)
        say(f"{made.id} may log in as {made.role}")


@ACCOUNTS.command("list")
def list_accounts(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the accounts.

    Example: muster portal accounts list
    """
    with opened(context) as workspace:
        found = _accounts(workspace).all()
        rows = [
            {
                "account": one.id,
                "name": one.name,
                "role": one.role,
                "for": ", ".join((*one.client_ids, one.partner_id or "", one.engineer_id or "")).strip(", "),
                "logs_in_with": "company account" if one.subject else "password",
                "second_factor": one.factor is not None,
                "disabled": one.disabled,
            }
            for one in found
        ]
        _say_rows("accounts", rows, as_json=as_json)


@ACCOUNTS.command("password")
def set_password(context: typer.Context, account: AccountArgument) -> None:
    """Give an account a new password; whoever is logged in with it is logged out.

    Example: muster portal accounts password ana
    """
    with opened(context) as workspace:
        accounts = _accounts(workspace)
        accounts.get(account)
        accounts.set_password(account, _password())
        say(f"{account} has a new password, and is logged out everywhere")


@ACCOUNTS.command("disable")
def disable(
    context: typer.Context,
    account: AccountArgument,
    back: Annotated[bool, typer.Option("--enable", help="Let it in again.")] = False,
) -> None:
    """Take an account out of service, at once; its tokens are taken back, too.

    Example: muster portal accounts disable ana
    """
    with opened(context) as workspace:
        _accounts(workspace).disable(account, disabled=not back)
        if not back:
            _accounts(workspace).revoke(account)
        say(f"{account} may log in again" if back else f"{account} is disabled, and logged out everywhere")


@ACCOUNTS.command("second-factor")
def second_factor(context: typer.Context, account: AccountArgument) -> None:
    """Take an account's second factor away, for somebody who has lost it; they set up another one in the portal.

    Example: muster portal accounts second-factor ana
    """
    with opened(context) as workspace:
        _accounts(workspace).drop_factor(account)
        say(f"{account} has no second factor now, and is logged out everywhere")


@ACCOUNTS.command("revoke")
def revoke(context: typer.Context, account: AccountArgument) -> None:
    """Log an account out everywhere, and take back its tokens and its calendar's address.

    Example: muster portal accounts revoke ana
    """
    from portal.field.feeds import revoke_feeds

    with opened(context) as workspace:
        _accounts(workspace).revoke(account)
        revoke_feeds(workspace.services, account, by=me())
        say(f"{account} is logged out everywhere, and its tokens and calendar are taken back")


@LINK.command("partner")
def link_partner(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(help="Id of the partner.")],
    name: NameOption,
    person: Annotated[
        str | None, typer.Option("--person", help="Id of the technician; without it, the partner's manager.")
    ] = None,
    days: DaysOption = 14.0,
    timezone: ZoneOption = "",
) -> None:
    """Make a link for somebody of a partner; its address is shown once.

    Example: muster portal link partner north --name "Pat Roy" --person pat
    """
    role = f"partner-technician {partner} {person}" if person else f"partner-manager {partner}"
    with opened(context) as workspace:
        _add_link(workspace, role, name, days, timezone)


@LINK.command("client")
def link_client(
    context: typer.Context,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    name: NameOption,
    days: DaysOption = 30.0,
    timezone: ZoneOption = "",
    language: LanguageOption = "",
) -> None:
    """Make a link for a contact of a client; its address is shown once.

    Example: muster portal link client acme --name "Dora Acme"
    """
    with opened(context) as workspace:
        _add_link(workspace, f"client {client}", name, days, timezone, _known(language))


@LINK.command("list")
def list_links(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the links.

    Example: muster portal link list
    """
    with opened(context) as workspace:
        rows = [
            {
                "link": one.id,
                "name": one.name,
                "role": one.role,
                "for": ", ".join((*one.client_ids, one.partner_id or "")).strip(", "),
                "until": one.expires_at.isoformat(timespec="minutes"),
                "opened": one.bound_at.isoformat(timespec="minutes") if one.bound_at else "",
                "revoked": one.revoked_at is not None,
            }
            for one in _store(workspace).links()
        ]
        _say_rows("links", rows, as_json=as_json)


@LINK.command("revoke")
def revoke_link(
    context: typer.Context, link: Annotated[str, typer.Argument(help="Id of the link, as the list has it.")]
) -> None:
    """Take a link back; whoever is in with it is out.

    Example: muster portal link revoke b1Yx0aQ9zk3P
    """
    from portal.links import Links

    with opened(context) as workspace:
        Links(workspace.ledger, _store(workspace), me()).revoke(link)
        say(f"link {link} works no more")


@TOKEN.command("add")
def add_token(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="Login name of the account that it acts for.")],
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option("--scope", help="read, act or metrics; several times.")] = None,
    days: DaysOption = 90.0,
) -> None:
    """Make a token for a program; it is shown once.

    Example: muster portal token add ana --name "the wall screen" --scope read
    """
    from portal.tokens import Scope, Tokens

    known = {one.value: one for one in Scope}
    wrong = [one for one in scope or () if one not in known]
    if wrong:
        raise InputError(f"there is no scope {wrong[0]}", hint=f"one of: {', '.join(known)}")
    with opened(context) as workspace:
        tokens = Tokens(workspace.ledger, _store(workspace), me())
        scopes = tuple(known[one] for one in scope or ("read",))
        token, word = tokens.add(account, name, scopes, lasts=timedelta(days=days))
        say(f"token {token.id} ({', '.join(token.scopes)}) until {token.expires_at:%d %b %Y}; it is shown this once:")
        typer.echo(word)


@TOKEN.command("list")
def list_tokens(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the tokens.

    Example: muster portal token list
    """
    with opened(context) as workspace:
        rows = [
            {
                "token": one.id,
                "name": one.name,
                "account": one.account_id,
                "scopes": ", ".join(one.scopes),
                "until": one.expires_at.isoformat(timespec="minutes"),
                "used": one.used_at.isoformat(timespec="minutes") if one.used_at else "",
                "revoked": one.revoked_at is not None,
            }
            for one in _store(workspace).tokens()
        ]
        _say_rows("tokens", rows, as_json=as_json)


@TOKEN.command("revoke")
def revoke_token(
    context: typer.Context, token: Annotated[str, typer.Argument(help="Id of the token, as the list has it.")]
) -> None:
    """Take a token back.

    Example: muster portal token revoke 3f0c9a2b11
    """
    from portal.tokens import Tokens

    with opened(context) as workspace:
        Tokens(workspace.ledger, _store(workspace), me()).revoke(token)
        say(f"token {token} works no more")


def _say_rows(what: str, rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """A list for scripts, or as a table whose columns have the same names."""
    if as_json:
        say_json({what: rows})
    elif rows:
        table([name.replace("_", " ") for name in rows[0]], [_cells(row) for row in rows])
    else:
        say(f"no {what} yet")


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    words = {True: "yes", False: ""}
    return tuple(words[one] if isinstance(one, bool) else str(one) for one in row.values())


def _known(language: str) -> str:
    """A language that pages are written in.

    Raises:
        InputError: they are not.
    """
    from reports.notices.languages import LANGUAGES

    if language and language not in LANGUAGES:
        raise InputError(f"pages are not written in {language!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    return language


def _add_link(workspace: Workspace, role: str, name: str, days: float, timezone: str, language: str = "") -> None:
    from portal.accounts import checked, whom_of
    from portal.links import Links, link_address

    whom = checked(replace(whom_of(role), name=name), workspace.ledger)
    links = Links(workspace.ledger, _store(workspace), me())
    link, word = links.add(whom, lasts=timedelta(days=days), timezone=timezone, language=language)
    say(f"link {link.id} for {link.name} ({link.role}) until {link.expires_at:%d %b %Y}; it is shown this once:")
    typer.echo(link_address(workspace.settings.portal_url, word))


def _accounts(workspace: Workspace) -> "Accounts":
    from portal.accounts import Accounts
    from portal.keys import keys_in

    return Accounts(workspace.ledger, _store(workspace), keys_in(workspace.settings.workspace), me())


def _store(workspace: Workspace) -> "PortalStore":
    from ledger.portal_store import portal_store_of

    return portal_store_of(workspace.ledger)


def _password() -> str:
    """A password, typed twice unseen; from a pipe, its first line. Never an argument: others could read it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password (at least 12 characters): ")
    if getpass.getpass("once more: ") != first:
        raise InputError("the password was typed in two ways", hint="try again")
    return first
