"""Types to JSON and back, by pydantic, so that a new field with a default needs neither code nor a migration."""

from dataclasses import replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Generic, TypeVar

import pydantic_core
from pydantic import TypeAdapter

from muster.campaign import Campaign
from muster.crew import Engineer, Partner
from muster.fleet import Client, Host, Site
from muster.outcomes import Evidence, Finding
from muster.plan import Plan

T = TypeVar("T")
Plain = dict[str, object]
"""What ``json.loads`` makes of an object."""


def to_json(value: object) -> str:
    """Plain values as compact JSON text."""
    return pydantic_core.to_json(value).decode()


def from_json(text: str) -> Plain:
    """An object from JSON text."""
    plain: Plain = pydantic_core.from_json(text)
    return plain


class Codec(Generic[T]):
    """One type, to and from JSON text and plain values; built when it is first used."""

    def __init__(self, of: type[T]) -> None:
        self._of = of

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._of)

    def to_text(self, value: T) -> str:
        """As JSON text."""
        return self._adapter.dump_json(value).decode()

    def from_text(self, text: str) -> T:
        """From JSON text."""
        return self._adapter.validate_json(text)

    def to_plain(self, value: T) -> Plain:
        """As what ``json.loads`` would give."""
        plain: Plain = self._adapter.dump_python(value, mode="json")
        return plain

    def from_plain(self, plain: object) -> T:
        """From what ``json.loads`` gave."""
        return self._adapter.validate_python(plain)


FINDING = Codec(Finding)
EVIDENCE = Codec(Evidence)
PLAN = Codec(Plan)
CLIENT = Codec(Client)
SITE = Codec(Site)
HOST = Codec(Host)
ENGINEER = Codec(Engineer)
PARTNER = Codec(Partner)
_CAMPAIGN = Codec(Campaign)


def campaign_to_plain(campaign: Campaign) -> Plain:
    """A campaign as plain values."""
    return _CAMPAIGN.to_plain(replace(campaign, parameters=dict(campaign.parameters)))


def campaign_from_text(text: str) -> Campaign:
    """A campaign from JSON text."""
    campaign = _CAMPAIGN.from_text(text)
    return replace(campaign, parameters=MappingProxyType(dict(campaign.parameters)))


@lru_cache(maxsize=4096)
def finding_from_text(text: str) -> Finding:
    """A finding from JSON text; thousands of hosts give the same answer, so the answer is read once."""
    return FINDING.from_text(text)


@lru_cache(maxsize=4096)
def evidence_from_text(text: str) -> Evidence:
    """Evidence from JSON text; see ``finding_from_text``."""
    return EVIDENCE.from_text(text)
