"""Accounts: made, changed, and taken out of service; for the command line and for the pages.

Each change is an event in the ledger (who changed what of whose account); passwords and secrets are never in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.portal_rows import Account
from ledger.portal_store import PortalStore
from muster.clock import Clock, SystemClock
from muster.errors import InputError, NotFound
from muster.fleet import Fleet
from muster.ports import Ledger
from portal.access import Role, role_of
from portal.factors import recovery_codes, recovery_hash
from portal.keys import Keys
from portal.passwords import hash_password

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
PARTNERS_ROLES = {Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN}


@dataclass(frozen=True, slots=True)
class Whom:
    """Who somebody is: what of an account (or a link) says what they may see."""

    name: str
    role: Role
    client_ids: tuple[str, ...] = ()
    partner_id: str | None = None
    engineer_id: str | None = None


def checked(whom: Whom, ledger: Ledger) -> Whom:
    """Whom, where role, client, partner and person belong together and are in the ledger.

    Raises:
        InputError: something is missing, unknown or too much for the role.
    """
    crew, fleet = ledger.crew(), ledger.fleet()
    role = whom.role
    _want(
        role is Role.CLIENT_CONTACT, bool(whom.client_ids), f"--client is for the role client, and {role} has it", role
    )
    _want(role in PARTNERS_ROLES, whom.partner_id is not None, "--partner says which partner", role)
    persons = {Role.ENGINEER, Role.PARTNER_TECHNICIAN}
    _want(role in persons, whom.engineer_id is not None, "--person says who of the crew it is", role)
    _check_clients(whom, fleet)
    if whom.partner_id is not None and whom.partner_id not in {str(one.id) for one in crew.partners}:
        raise InputError(f"there is no partner {whom.partner_id}", hint="muster partner list names them")
    if whom.engineer_id is not None:
        person = next((one for one in crew.engineers if one.id == whom.engineer_id), None)
        if person is None:
            raise InputError(f"there is no person {whom.engineer_id}", hint="people come from the fleet file's crew")
        if person.partner_id != whom.partner_id:
            raise InputError(f"{person.name} is not of {whom.partner_id or 'our own people'}")
    return whom


def _want(wanted: bool, given: bool, sentence: str, role: Role) -> None:  # noqa: FBT001 - both are what it compares
    if wanted and not given:
        raise InputError(f"the role {role} needs more: {sentence}")
    if given and not wanted:
        raise InputError(f"the role {role} takes less: {sentence}")


def _check_clients(whom: Whom, fleet: Fleet) -> None:
    known = {str(one.id) for one in fleet.clients}
    for client_id in whom.client_ids:
        if client_id not in known:
            raise InputError(f"there is no client {client_id}", hint="clients come from the fleet file")


@dataclass(frozen=True, slots=True)
class Accounts:
    """What may be done to accounts; ``by`` is who does it."""

    ledger: Ledger
    store: PortalStore
    keys: Keys
    by: str
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state

    def add(
        self,
        account_id: str,
        whom: Whom,
        *,
        password: str | None,
        email: str = "",
        timezone: str = "",
        language: str = "",
    ) -> Account:
        """Add one.

        Raises:
            InputError: the name, the password or who it is does not hold together.
            Conflict: there is one of that name.
        """
        name = account_id.strip().lower()
        if not _NAME.fullmatch(name) or name.startswith("link:"):
            raise InputError(f"{account_id!r} is no login name", hint="letters, digits and . _ - + @, such as kim.lee")
        account = Account(
            id=name,
            name=whom.name,
            role=whom.role.value,
            email=email,
            client_ids=whom.client_ids,
            partner_id=whom.partner_id,
            engineer_id=whom.engineer_id,
            timezone=timezone,
            language=language,
            password_hash=None if password is None else hash_password(password),
            created_at=self.clock.now(),
            created_by=self.by,
        )
        self.store.add_account(account)
        self._note("account added", name, role=whom.role.value)
        return account

    def get(self, account_id: str) -> Account:
        """One.

        Raises:
            NotFound: there is none.
        """
        found = self.store.account(account_id.strip().lower())
        if found is None:
            raise NotFound(f"there is no account {account_id}", hint="muster portal accounts list names them")
        return found

    def all(self) -> Sequence[Account]:
        """All of them."""
        return self.store.accounts()

    def set_password(self, account_id: str, password: str) -> None:
        """Give it a new password; whoever is in with it is out."""
        account = self.get(account_id)
        self.store.change_account(account.id, end_sessions=True, password_hash=hash_password(password))
        self._note("password changed", account.id)

    def disable(self, account_id: str, *, disabled: bool = True) -> None:
        """Take it out of service (whoever is in with it is out), or back into it."""
        account = self.get(account_id)
        self.store.change_account(account.id, end_sessions=True, disabled=disabled)
        self._note("account disabled" if disabled else "account enabled", account.id)

    def set_factor(self, account_id: str, secret: str, step: int) -> tuple[str, ...]:
        """Set the second factor, whose code of ``step`` was shown to us; gives the recovery codes, once."""
        codes = recovery_codes()
        self.store.change_account(
            account_id,
            factor=self.keys.seal(secret),
            factor_step=step,
            recovery=tuple(recovery_hash(one) for one in codes),
        )
        self._note("second factor set", account_id)
        return codes

    def drop_factor(self, account_id: str) -> None:
        """Take the second factor away, for somebody who has lost it; whoever is in with it is out."""
        account = self.get(account_id)
        self.store.change_account(account.id, end_sessions=True, factor=None, factor_step=0, recovery=())
        self._note("second factor removed", account.id)

    def revoke(self, account_id: str) -> None:
        """Put out whoever is in with it, and take back its tokens."""
        account = self.get(account_id)
        self.store.change_account(account.id, end_sessions=True, name=account.name)
        for token in self.store.tokens():
            if token.account_id == account.id and token.revoked_at is None:
                self.store.revoke_token(token.id, self.clock.now())
        self._note("sessions and tokens revoked", account.id)

    def _note(self, what: str, account_id: str, **data: str) -> None:
        self.ledger.note(f"portal: {what}", by=self.by, data={"account": account_id, **data})


def whom_of(words: str) -> Whom:
    """Who a role's words mean; the name stays empty.

    Such as ``manager``, ``engineer kim``, ``partner-manager north``, ``partner-technician north pat``, ``client acme``.

    Raises:
        InputError: they say too little or too much.
    """
    role_word, *rest = words.split()
    role = role_of(role_word)
    match role, rest:
        case ((Role.MANAGER | Role.AUDITOR | Role.ENGINEER), []):
            return Whom("", role)
        case Role.ENGINEER, [person]:
            return Whom("", role, engineer_id=person)
        case Role.PARTNER_MANAGER, [partner]:
            return Whom("", role, partner_id=partner)
        case Role.PARTNER_TECHNICIAN, [partner]:
            return Whom("", role, partner_id=partner)
        case Role.PARTNER_TECHNICIAN, [partner, person]:
            return Whom("", role, partner_id=partner, engineer_id=person)
        case Role.CLIENT_CONTACT, [_, *_]:
            return Whom("", role, client_ids=tuple(rest))
        case _:
            raise InputError(f"{words!r} does not say who", hint="such as: manager, partner-manager north, client acme")
