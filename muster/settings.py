"""Settings: defaults, then ``muster.yml`` in the workspace, then ``MUSTER_`` variables of the environment.

A workspace is the folder of one company's Muster: settings, campaign files, known hosts, and the ledger unless it
is a PostgreSQL address. Every relative path is taken from it.
"""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from muster.errors import SettingsError
from muster.files import why_unreadable

SETTINGS_FILE = "muster.yml"


class WebhookSetting(BaseModel):
    """One webhook; see docs/messages.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["slack", "teams", "json"]
    url: str = Field(description="Credential reference to its address, which is a secret.")
    secret: str = Field(default="", description="Credential reference to what generic JSON is signed with.")
    alerts: tuple[str, ...] = Field(default=(), description="Kinds of alert that go there; none means all.")


class Settings(BaseSettings):
    """What a company sets once; campaigns carry their own policy."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", extra="forbid", frozen=True)

    workspace: Path = Field(default=Path(), description="The folder that relative paths are taken from.")
    ledger_url: str = Field(
        default="sqlite:///muster.db",
        description="SQLAlchemy address of the ledger: SQLite by default, postgresql+psycopg://… for several machines. "
        "A password in it may be given as ${NAME}, which is read from the environment.",
    )
    known_hosts: Path = Field(default=Path("known_hosts"), description="Host keys that were trusted on purpose.")
    default_user: str = Field(default="root", description="Login name for hosts that name none.")
    default_credential: str = Field(
        default="agent:",
        description="Credential reference for hosts that name none: key:PATH, env:NAME, agent:, command:WORDS, "
        "vault:FILE#KEY, prefect:BLOCK or ca:PATH (docs/push.md).",
    )
    vault_password: str = Field(
        default="",
        description="Credential reference to the password of Ansible Vault files that credentials are taken from.",
    )
    secret_command_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest time for a command that prints a secret."
    )
    become: Literal["none", "sudo", "doas"] = Field(
        default="none",
        description="How a step becomes root on Linux hosts where the login name is not root's, unless a host says "
        "otherwise.",
    )
    site_hosts: int = Field(
        default=0, ge=0, description="Hosts of one site at one time, unless the site says otherwise; 0 is no cap."
    )
    site_bytes_per_s: int = Field(
        default=0,
        ge=0,
        description="Bytes a second sent to one site, unless the site says otherwise; 0 is no cap.",
    )
    push_by: Literal["ssh", "ansible"] = Field(
        default="ssh",
        description="How Linux hosts are pushed: the fix's scripts over SSH, or its playbooks by ansible-runner.",
    )
    company: str = Field(default="our company", description="What clients and partners know the company as.")
    notice_from: str = Field(default="", description="E-mail address that notices and alerts come from.")
    outbox: Path = Field(
        default=Path("outbox"), description="The folder that letters are written to while no SMTP server is set."
    )
    smtp_host: str = Field(default="", description="SMTP server that takes our e-mail; empty: letters become files.")
    smtp_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Its port; 0 is the usual one: 587 for starttls, 465 for tls, 25 for none.",
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to it is protected; none sends everything in the clear."
    )
    smtp_user: str = Field(default="", description="User to log in with; empty: no login.")
    smtp_credential: str = Field(default="", description="Credential reference to that user's password.")
    webhooks: dict[str, WebhookSetting] = Field(
        default={},
        description="Webhooks that alerts go to, by a name of yours: kind (slack, teams, json), url and secret as "
        "credential references, and which alerts (docs/messages.md).",
    )
    alert_to: tuple[str, ...] = Field(default=(), description="E-mail addresses that alerts go to.")
    messages_ca: Path | None = Field(
        default=None, description="File of certificates (PEM) that the SMTP server and webhooks may be signed by, too."
    )
    messages_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest wait for one answer of the SMTP server or a webhook."
    )
    currency: str = Field(
        default="EUR",
        pattern=r"^[A-Z]{3}$",
        description="The company's currency: rates of people, costs of plans, and sums that name none are in it.",
    )
    approvers: dict[str, str] = Field(
        default_factory=dict,
        description="Who may approve what a campaign says needs an approval: names, each with the login that stands "
        "behind it (empty: any login), such as {Kim Lee: kim}.",
    )
    partner_sees_before_h: float = Field(
        default=48.0, ge=0, description="How many hours before a visit its partner begins to see it."
    )
    partner_sees_after_h: float = Field(
        default=12.0, ge=0, description="How many hours after a visit its partner stops seeing it."
    )
    portal_url: str = Field(
        default="http://127.0.0.1:8080",
        pattern=r"^https?://[^/\s]+$",
        description="The address that browsers reach the portal by; with https, cookies are for https only.",
    )
    portal_session_h: float = Field(default=12.0, gt=0, description="After how many hours a login ends in any case.")
    portal_idle_min: float = Field(
        default=60.0, gt=0, description="After how many minutes without a request a login ends."
    )
    portal_second_factor: Literal["optional", "managers", "everybody"] = Field(
        default="optional", description="Of whom, of those with a password, the portal asks for a second factor."
    )
    portal_oidc_issuer: str = Field(
        default="", description="The company's identity provider (OpenID Connect); empty: none (docs/portal.md)."
    )
    portal_oidc_client_id: str = Field(default="", description="What the portal is called at the identity provider.")
    portal_oidc_secret: str = Field(default="", description="Credential reference to the portal's secret there.")
    portal_oidc_scopes: str = Field(default="openid profile email", description="What is asked of it.")
    portal_oidc_claim: str = Field(default="groups", description="The claim whose values say who has which role.")
    portal_oidc_logout: bool = Field(
        default=True,
        description="Who logs out of the portal is logged out at the identity provider, too, where it can do that.",
    )
    portal_oidc_roles: dict[str, str] = Field(
        default_factory=dict,
        description="Roles by value of that claim, such as {muster-managers: manager, engineers: engineer, north-it: "
        "partner-manager north, acme: client acme}; the first that fits counts.",
    )
    clock_shift_s: float = Field(
        default=0.0, description="Seconds added to the machine's clock, for rehearsals and the demo."
    )
    engine: Literal["in-process", "workers"] = Field(
        default="in-process",
        description="Where flows are carried out: in this process, or by Prefect workers.",
    )
    reconcile_every_s: float = Field(
        default=60.0, ge=1, description="How often the reconciler looks at the ledger and the clock for what is due."
    )
    forecast_hour: int = Field(
        default=2, ge=0, le=23, description="Local hour of each campaign from which on its nightly forecast is made."
    )
    work_pool: str = Field(default="muster", description="Prefect work pool, when engine is workers.")
    part_hosts: int = Field(
        default=200, ge=1, le=50_000, description="Hosts handed to one worker at one time, when engine is workers."
    )
    reach: str = Field(
        default="",
        description="The network that this machine stands in, when engine is workers; empty is home "
        "(muster worker --reach NAME sets it).",
    )
    reach_credentials: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Credential references that workers of a reach may use, with * for any words: "
        "{acme: ['key:/etc/muster/acme-*']}; home is the name of home, which may use any where it is not named.",
    )
    limits: dict[Annotated[str, Field(pattern=r"^(client|partner) .+$")], Annotated[int, Field(ge=1, le=100_000)]] = (
        Field(
            default={},
            description="Most hosts at one time over all machines together, for a client's network or a partner: "
            "{client acme: 20, partner north: 10}.",
        )
    )
    prefect_home: Path = Field(
        default=Path(".prefect"),
        description="Home of Muster's own Prefect server, used when PREFECT_API_URL is not set.",
    )
    prefect_idle_s: float = Field(
        default=600.0,
        ge=0,
        description="How long Muster's own Prefect server stays when nobody uses it: the next command is quick.",
    )
    key_exchange: Literal["fast", "post-quantum-first"] = Field(
        default="fast",
        description="SSH key exchange: fast offers curve25519 and ECDH only; post-quantum-first offers what OpenSSH "
        "prefers where the library has it.",
    )
    parallel_hosts: int = Field(default=32, ge=1, le=256, description="Hosts pushed at one time by one process.")
    batch_hosts: int = Field(default=100, ge=1, le=5000, description="Hosts in one Prefect task run.")
    connect_timeout_s: float = Field(default=8.0, gt=0, description="Longest wait for a connection and its banner.")
    login_timeout_s: float = Field(default=15.0, gt=0, description="Longest wait for key exchange and login together.")
    host_deadline_s: float = Field(default=360.0, gt=0, description="Longest time for one step at one host, in all.")
    output_limit_bytes: int = Field(
        default=262_144, ge=4096, description="Output kept of one step; the rest is dropped."
    )
    lease_s: float = Field(default=60.0, ge=5, description="How long a host stays claimed without a sign of life.")
    travel: str = Field(
        default="speed",
        description="How long ways take: speed (by distance), a table of minutes (FILE.csv), or a routing service that "
        "is asked: osrm:http://HOST:5000 or valhalla:http://HOST:8002.",
    )
    travel_timeout_s: float = Field(default=20.0, gt=0, description="Longest wait for one answer of a routing service.")
    solve_seconds: float = Field(default=10.0, gt=0, description="How long the planner searches by default.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose values arrive as init arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def path(self, path: Path) -> Path:
        """A path of the settings, made absolute from the workspace."""
        return (self.workspace / path.expanduser()).resolve()


def shown_default(name: str) -> str:
    """The default of a setting as one would write it in ``muster.yml``; empty where there is none."""
    value: object = Settings.model_fields[name].get_default(call_default_factory=True)
    if value is None or value == "":
        return ""
    return str(value) if isinstance(value, str | Path | bool | int | float) else json.dumps(value)


def load_settings(workspace: Path) -> Settings:
    """Read ``muster.yml`` of the workspace, when it is there, and the environment.

    Raises:
        SettingsError: the file cannot be read, or a key or value in it or in the environment is wrong.
    """
    file = workspace / SETTINGS_FILE
    values = _read_file(file) if file.exists() else {}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_sentence(file, values, one) for one in error.errors()),
            hint="docs/settings.md lists every setting with its default.",
        ) from None
    return settings.model_copy(update={"workspace": workspace.resolve()})  # where we are is not a setting of the file


def _sentence(file: Path, values: dict[str, object], problem: ErrorDetails) -> str:
    """Where a setting is wrong, what is wrong with it, and what would be right."""
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = Settings.model_fields if len(problem["loc"]) == 1 else WebhookSetting.model_fields
        near = get_close_matches(str(problem["loc"][-1]), known, n=1)
        return f"{file}: {key}: is no setting{f'; did you mean {near[0]}?' if near else ''}"
    first = key.partition(".")[0]
    source = f"{file}" if first in values else f"the environment (MUSTER_{first.upper()})"
    wrong = problem["msg"][:1].lower() + problem["msg"][1:]
    # somebody may have written a webhook's address there, which is a secret
    return f"{source}: {key}: {wrong}" + ("" if first == "webhooks" else f", not {problem['input']!r}")


def _read_file(file: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: cannot be read: {why_unreadable(error)}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: holds {type(values).__name__}, not lines of the form 'key: value'")
    return {str(key): value for key, value in values.items()}
