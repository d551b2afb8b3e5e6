"""Who looks at a page, and whether they may: roles, the viewer, and the dependency that every route has.

Whoever may not see something is told what one is told who asks for what does not exist: nothing is hinted at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request

from muster.errors import MusterError, NotFound
from muster.ids import ClientId, PartnerId, PersonId


class Role(StrEnum):
    """What somebody is to a campaign; each has its own pages."""

    MANAGER = "manager"
    ENGINEER = "engineer"
    PARTNER_MANAGER = "partner-manager"
    PARTNER_TECHNICIAN = "partner-technician"
    CLIENT_CONTACT = "client"
    AUDITOR = "auditor"
    """Sees what a manager sees, and changes nothing."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and what of.

    Attributes:
        account_id: the login name, or ``link:ID`` for somebody who came by a link.
        client_ids: the only clients that a contact of a client may see anything of.
        partner_id: of a partner's manager and technician.
        engineer_id: the person of the crew that this is, own or of a partner.
        timezone: IANA name in which times are told that belong to no site; empty for the campaign's.
        language: such as ``en``; empty for the company's.
        how: ``password``, ``link``, ``oidc`` or ``token``.
        factor_missing: a second factor is asked for and not set up yet; nothing else is shown before.
    """

    account_id: str
    name: str
    role: Role
    client_ids: tuple[ClientId, ...] = ()
    partner_id: PartnerId | None = None
    engineer_id: PersonId | None = None
    timezone: str = ""
    language: str = ""
    how: str = "password"
    factor_missing: bool = False

    @property
    def by(self) -> str:
        """How the record names them."""
        return f"{self.name} ({self.account_id})"

    @property
    def sees_all(self) -> bool:
        """Whether they see every client, partner and person."""
        return self.role in {Role.MANAGER, Role.AUDITOR}

    def must_see_client(self, client_id: str) -> ClientId:
        """The client's id, where they may see something of it.

        Raises:
            NotFound: it is not theirs, or there is none: which of the two is not said.
        """
        if not self.sees_all and client_id not in self.client_ids:
            raise nothing_there()
        return ClientId(client_id)


class LoginWanted(MusterError):
    """Nobody is logged in, or the session has ended."""


class FactorWanted(MusterError):
    """Somebody is logged in, and must set up a second factor before anything else."""


def nothing_there() -> NotFound:
    """What is said of what is not there and of what is none of the viewer's business."""
    return NotFound("there is no such page")


@dataclass(frozen=True, slots=True)
class Need:
    """A route's dependency: the viewer, who must have one of these roles."""

    roles: frozenset[Role]
    even_without_factor: bool = False

    def __call__(self, request: Request) -> Viewer:
        """The viewer of a request.

        Raises:
            LoginWanted: nobody is logged in.
            FactorWanted: somebody is, who must set up a second factor first.
            NotFound: somebody is, with another role.
        """
        from portal.sessions import viewer_of

        viewer = viewer_of(request)
        if viewer.role not in self.roles:
            raise nothing_there()
        if viewer.factor_missing and not self.even_without_factor:
            raise FactorWanted("set up a second factor first")
        return viewer


def need(*roles: Role) -> Need:
    """Only people with one of these roles; without any: everybody who is logged in."""
    return Need(frozenset(roles or Role))


def need_even_without_factor() -> Need:
    """Everybody who is logged in, also who has yet to set up the second factor that is asked for."""
    return Need(frozenset(Role), even_without_factor=True)


@dataclass(frozen=True, slots=True)
class OpenToAll:
    """A route's dependency that says on purpose: this page is for everybody, also without a login."""

    def __call__(self) -> None:
        """Nothing is asked."""


open_to_all = OpenToAll()


def role_of(text: str) -> Role:
    """A role by its word.

    Raises:
        NotFound: there is none of that name.
    """
    try:
        return Role(text)
    except ValueError:
        raise NotFound(f"there is no role {text!r}", hint=f"one of: {_words(Role)}") from None


def _words(values: Iterable[Role]) -> str:
    return ", ".join(one.value for one in values)
