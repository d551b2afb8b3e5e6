"""Settings: defaults, then ``muster.yml`` in the workspace, then ``MUSTER_`` variables of the environment.

A workspace is the folder of one company's Muster: settings, campaign files, known hosts, and the ledger unless it
is a PostgreSQL address. Every relative path is taken from it.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from muster.errors import SettingsError

SETTINGS_FILE = "muster.yml"


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
    notice_from: str = Field(default="", description="E-mail address that notices to clients come from.")
    outbox: Path = Field(default=Path("outbox"), description="The folder in which letters wait to be sent.")
    currency: str = Field(
        default="EUR",
        pattern=r"^[A-Z]{3}$",
        description="The company's currency: rates of people, costs of plans, and sums that name none are in it.",
    )
    partner_sees_before_h: float = Field(
        default=48.0, ge=0, description="How many hours before a visit its partner begins to see it."
    )
    partner_sees_after_h: float = Field(
        default=12.0, ge=0, description="How many hours after a visit its partner stops seeing it."
    )
    clock_shift_s: float = Field(
        default=0.0, description="Seconds added to the machine's clock, for rehearsals and the demo."
    )
    engine: Literal["in-process", "workers"] = Field(
        default="in-process",
        description="Where flows are carried out: in this process, or by Prefect workers.",
    )
    work_pool: str = Field(default="muster", description="Prefect work pool, when engine is workers.")
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
        near = get_close_matches(key, Settings.model_fields, n=1)
        return f"{file}: {key}: is no setting{f'; did you mean {near[0]}?' if near else ''}"
    source = f"{file}" if key in values else f"the environment (MUSTER_{key.upper()})"
    wrong = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{source}: {key}: {wrong}, not {problem['input']!r}"


def _read_file(file: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: holds {type(values).__name__}, not lines of the form 'key: value'")
    return {str(key): value for key, value in values.items()}
