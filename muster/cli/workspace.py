"""What commands share: the workspace they work in, and the campaign they mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from getpass import getuser
from pathlib import Path

import typer

from flows.services import services_of
from muster.campaign import Campaign
from muster.campaign_file import CampaignFile, read_campaign_file
from muster.errors import InputError, NotFound
from muster.ids import CampaignId
from muster.ports import Ledger
from muster.settings import SETTINGS_FILE, Settings, load_settings
from muster.wiring import Wired

CAMPAIGN_FILE = "campaign.yml"


@dataclass(frozen=True)
class Workspace:
    """A workspace folder, opened when it is first used."""

    folder: Path

    @cached_property
    def settings(self) -> Settings:
        """Its settings."""
        return load_settings(self.folder)

    @cached_property
    def services(self) -> Wired:
        """Everything wired together; refuses a folder that is no workspace, so that no ledger is made by accident.

        Raises:
            InputError: the folder has no ``muster.yml``.
        """
        if not (self.folder / SETTINGS_FILE).exists():
            raise InputError(
                f"{self.folder.resolve()} is no workspace: it has no {SETTINGS_FILE}",
                hint="muster init makes one here; or say where it is: muster -C FOLDER",
            )
        services = services_of(str(self.folder.resolve()))  # the one that flows in this process use, too
        if not isinstance(services, Wired):
            raise TypeError("muster.services is registered by somebody else")
        return services

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return self.services.ledger

    def campaign_file(self) -> CampaignFile:
        """The campaign file that lies in the workspace."""
        return read_campaign_file(self.folder / CAMPAIGN_FILE)

    def campaign(self, name: str | None) -> Campaign:
        """The campaign that is meant: by its id, else the one of the campaign file, else the only one there is.

        Raises:
            NotFound: none, or several of which none was named.
        """
        there = {campaign.id: campaign for campaign in self.ledger.campaigns()}
        if name is None and (self.folder / CAMPAIGN_FILE).exists():
            name = self.campaign_file().campaign.id
        if name is None and len(there) == 1:
            return next(iter(there.values()))
        if name is None or CampaignId(name) not in there:
            known = ", ".join(there) or "none yet"
            wanted = f"there is no open campaign {name!r}" if name else "which campaign?"
            raise NotFound(f"{wanted} (there are: {known})", hint="muster probe opens the campaign of campaign.yml")
        return there[CampaignId(name)]

    def close(self) -> None:
        """Give everything back that was opened."""
        if "services" in self.__dict__:
            self.services.close()
            services_of.cache_clear()


def workspace_of(context: typer.Context) -> Workspace:
    """The workspace that the command line names."""
    found = context.find_root().obj
    if not isinstance(found, Workspace):
        raise TypeError("the command line was entered without its callback")
    return found


@contextmanager
def opened(context: typer.Context) -> Iterator[Workspace]:
    """The workspace for the length of a command; everything is given back at its end."""
    workspace = workspace_of(context)
    try:
        yield workspace
    finally:
        workspace.close()


def me() -> str:
    """Who sits at the keyboard, for the record."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown user"
