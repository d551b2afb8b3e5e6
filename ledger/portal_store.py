"""Keeping the portal's accounts, sessions, links, tokens and tries; what they mean is ``portal``'s business.

Every method is one transaction. Nothing here appends to the record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from ledger import portal_tables as tables
from ledger.codec import from_json, to_json
from ledger.database import Database
from ledger.portal_rows import Account, Link, Pending, Session, Token, Tries
from ledger.store import SqlLedger
from muster.errors import Conflict, NotFound
from muster.ports import Ledger

Row = TypeVar("Row", Account, Session, Link, Token, Tries, Pending)
_LISTS = {"client_ids", "recovery", "scopes"}
SWEPT_AFTER = timedelta(days=1)
"""How long a bucket of tries is kept that nobody takes from; by then it is full, which is what no row says, too."""


class PortalStore:
    """Everything about who may come in, on the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # accounts
    def add_account(self, account: Account) -> None:
        """Add one.

        Raises:
            Conflict: there is one of that name, or one of the same person at the identity provider.
        """
        with self._database.writing() as connection:
            taken = _one(connection, Account, tables.accounts, tables.accounts.c.id == account.id)
            if taken is not None:
                raise Conflict(f"there is an account {account.id} already", hint="choose another name, or change it")
            _add(connection, tables.accounts, account)

    def account(self, account_id: str) -> Account | None:
        """One, by its login name."""
        with self._database.reading() as connection:
            return _one(connection, Account, tables.accounts, tables.accounts.c.id == account_id)

    def account_of_subject(self, subject: str) -> Account | None:
        """One, by who it is at the identity provider."""
        with self._database.reading() as connection:
            return _one(connection, Account, tables.accounts, tables.accounts.c.subject == subject)

    def accounts(self) -> tuple[Account, ...]:
        """All, by name."""
        with self._database.reading() as connection:
            return tuple(sorted(_all(connection, Account, tables.accounts), key=lambda one: one.id))

    def change_account(self, account_id: str, *, end_sessions: bool = False, **values: object) -> None:
        """Change columns of one; ``end_sessions`` also puts out whoever is in with it.

        Raises:
            NotFound: there is no such account.
        """
        table = tables.accounts
        plain = {key: _plain(key, value) for key, value in values.items()}
        with self._database.writing() as connection:
            if connection.execute(update(table).where(table.c.id == account_id).values(plain)).rowcount == 0:
                raise NotFound(f"there is no account {account_id}", hint="muster portal accounts list names them")
            if end_sessions:
                connection.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account_id))

    def use_factor_step(self, account_id: str, step: int) -> bool:
        """Take a time step of the second factor; False where it, or a newer one, was used before."""
        table = tables.accounts
        newer = table.c.id == account_id, table.c.factor_step < step
        with self._database.writing() as connection:
            return connection.execute(update(table).where(*newer).values(factor_step=step)).rowcount == 1

    def use_recovery(self, account_id: str, code_hash: str) -> bool:
        """Take a recovery code away; False where it is not there (any more)."""
        table = tables.accounts
        with self._database.writing() as connection:
            account = _one(connection, Account, table, table.c.id == account_id)
            if account is None or code_hash not in account.recovery:
                return False
            left = [one for one in account.recovery if one != code_hash]
            connection.execute(update(table).where(table.c.id == account_id).values(recovery=to_json(left)))
            return True

    # sessions
    def begin_session(self, session: Session) -> None:
        """Let somebody in; sessions that have ended are swept away."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.sessions).where(tables.sessions.c.ends_at < session.created_at))
            _add(connection, tables.sessions, session)

    def session(self, id_hash: str) -> tuple[Session, Account | None, Link | None] | None:
        """Who is in with it; asked for every page, so in one statement."""
        with self._database.reading() as connection:
            row = connection.execute(_SESSION, {"id_hash": id_hash}).one_or_none()
        if row is None:
            return None
        values = iter(row)
        session = _of(Session, values)
        return None if session is None else (session, _of(Account, values), _of(Link, values))

    def sessions(self, account_id: str) -> tuple[Session, ...]:
        """Everybody who is in with an account."""
        with self._database.reading() as connection:
            return _all(connection, Session, tables.sessions, tables.sessions.c.account_id == account_id)

    def see_sessions(self, seen: Mapping[str, datetime]) -> None:
        """They were used."""
        table = tables.sessions
        with self._database.writing() as connection:
            for id_hash, at in seen.items():
                connection.execute(update(table).where(table.c.id_hash == id_hash).values(seen_at=at))

    def end_session(self, id_hash: str) -> None:
        """Somebody leaves."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.sessions).where(tables.sessions.c.id_hash == id_hash))

    # links
    def add_link(self, link: Link) -> None:
        """Add one."""
        with self._database.writing() as connection:
            _add(connection, tables.links, link)

    def link(self, secret_hash: str) -> Link | None:
        """One, by its secret."""
        with self._database.reading() as connection:
            return _one(connection, Link, tables.links, tables.links.c.secret_hash == secret_hash)

    def links(self) -> tuple[Link, ...]:
        """All, the newest last."""
        with self._database.reading() as connection:
            return tuple(sorted(_all(connection, Link, tables.links), key=lambda one: one.created_at))

    def bind_link(self, link_id: str, device_hash: str, at: datetime) -> bool:
        """Bind it to the device that opened it; False where another one was first."""
        table = tables.links
        free = table.c.id == link_id, table.c.device_hash.is_(None)
        with self._database.writing() as connection:
            bound = update(table).where(*free).values(device_hash=device_hash, bound_at=at)
            return connection.execute(bound).rowcount == 1

    def revoke_link(self, link_id: str, at: datetime) -> None:
        """Take it back; whoever is in with it is out.

        Raises:
            NotFound: there is no such link.
        """
        table = tables.links
        with self._database.writing() as connection:
            if connection.execute(update(table).where(table.c.id == link_id).values(revoked_at=at)).rowcount == 0:
                raise NotFound(f"there is no link {link_id}", hint="muster portal link list names them")
            connection.execute(delete(tables.sessions).where(tables.sessions.c.link_id == link_id))

    # tokens
    def add_token(self, token: Token) -> None:
        """Add one."""
        with self._database.writing() as connection:
            _add(connection, tables.tokens, token)

    def token(self, secret_hash: str) -> tuple[Token, Account | None] | None:
        """One, by its secret, and whom it acts for."""
        with self._database.reading() as connection:
            token = _one(connection, Token, tables.tokens, tables.tokens.c.secret_hash == secret_hash)
            if token is None:
                return None
            return token, _one(connection, Account, tables.accounts, tables.accounts.c.id == token.account_id)

    def tokens(self) -> tuple[Token, ...]:
        """All, the newest last."""
        with self._database.reading() as connection:
            return tuple(sorted(_all(connection, Token, tables.tokens), key=lambda one: one.created_at))

    def see_token(self, token_id: str, at: datetime) -> None:
        """It was used."""
        with self._database.writing() as connection:
            connection.execute(update(tables.tokens).where(tables.tokens.c.id == token_id).values(used_at=at))

    def revoke_token(self, token_id: str, at: datetime) -> None:
        """Take it back.

        Raises:
            NotFound: there is no such token.
        """
        table = tables.tokens
        with self._database.writing() as connection:
            if connection.execute(update(table).where(table.c.id == token_id).values(revoked_at=at)).rowcount == 0:
                raise NotFound(f"there is no token {token_id}", hint="muster portal token list names them")

    # tries
    def take_try(self, keys: dict[str, tuple[float, float]], at: datetime) -> float:
        """Take one try out of each bucket, all or none; buckets that nobody has touched for a day are swept away.

        Args:
            keys: how many tries each bucket holds, and how many come back per second.
            at: now. Every bucket must fill within ``SWEPT_AFTER``: one that is away is taken for full.

        Returns:
            0 where it was taken, else the seconds until there is one in every bucket.
        """
        table = tables.tries
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.at < at - SWEPT_AFTER))
            there = {one.key: one for one in _all(connection, Tries, table, table.c.key.in_(list(keys)))}
            filled: dict[str, float] = {}
            wait_s = 0.0
            for key, (size, per_s) in keys.items():
                old = there.get(key)
                left = size if old is None else min(size, old.tokens + (at - old.at).total_seconds() * per_s)
                filled[key] = left
                wait_s = max(wait_s, (1.0 - left) / per_s)
            if wait_s > 0:
                return wait_s
            connection.execute(delete(table).where(table.c.key.in_(list(keys))))
            connection.execute(insert(table), [asdict(Tries(key, left - 1, at)) for key, left in filled.items()])
            return 0.0

    def forgive(self, key: str) -> None:
        """Fill a bucket again."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.tries).where(tables.tries.c.key == key))

    # logins that have begun
    def add_pending(self, pending: Pending, now: datetime) -> None:
        """Keep the first half of a login; those that ran out are swept away."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.pending).where(tables.pending.c.ends_at < now))
            _add(connection, tables.pending, pending)

    def pending(self, id_hash: str, now: datetime) -> Pending | None:
        """One that has not run out."""
        table = tables.pending
        with self._database.reading() as connection:
            return _one(connection, Pending, table, table.c.id_hash == id_hash, table.c.ends_at > now)

    def take_pending(self, id_hash: str, now: datetime) -> Pending | None:
        """One that has not run out, once."""
        table = tables.pending
        with self._database.writing() as connection:
            found = _one(connection, Pending, table, table.c.id_hash == id_hash, table.c.ends_at > now)
            connection.execute(delete(table).where(table.c.id_hash == id_hash))
            return found


def portal_store_of(ledger: Ledger) -> PortalStore:
    """The portal's store that lies in the same database as a ledger.

    Raises:
        TypeError: the ledger is not one that ``open_ledger`` made.
    """
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} has no store for the portal")
    return PortalStore(ledger.database)


def _add(connection: Connection, table: Table, row: Row) -> None:
    connection.execute(insert(table).values({key: _plain(key, value) for key, value in asdict(row).items()}))


def _plain(key: str, value: object) -> object:
    return to_json(value) if key in _LISTS or key == "document" else value


def _columns(of: type[Row], table: Table) -> tuple[ColumnElement[object], ...]:
    return tuple(table.c[field.name] for field in fields(of))


_SESSION = (
    select(
        *_columns(Session, tables.sessions),
        *_columns(Account, tables.accounts),
        *_columns(Link, tables.links),
    )
    .select_from(
        tables.sessions.outerjoin(tables.accounts, tables.accounts.c.id == tables.sessions.c.account_id).outerjoin(
            tables.links, tables.links.c.id == tables.sessions.c.link_id
        )
    )
    .where(tables.sessions.c.id_hash == bindparam("id_hash"))
)
"""A session with its account or its link."""


def _of(of: type[Row], values: Iterator[object]) -> Row | None:
    """The next row of a joined table; None where nothing was joined (its key is missing)."""
    named = {field.name: next(values) for field in fields(of)}
    return None if next(iter(named.values())) is None else of(**cast("dict[str, Any]", _read(named)))


def _one(connection: Connection, of: type[Row], table: Table, *wanted: ColumnElement[bool]) -> Row | None:
    return next(iter(_all(connection, of, table, *wanted)), None)


def _all(connection: Connection, of: type[Row], table: Table, *wanted: ColumnElement[bool]) -> tuple[Row, ...]:
    query = select(*(table.c[field.name] for field in fields(of))).where(*wanted)
    # the columns are the fields, by name and by type
    return tuple(of(**cast("dict[str, Any]", _read(dict(row)))) for row in connection.execute(query).mappings())


def _read(values: dict[str, object]) -> dict[str, object]:
    found = dict(values)
    for key, value in values.items():
        if key in _LISTS:
            found[key] = tuple(_list(str(value)))
        elif key == "document":
            found[key] = from_json(str(value))
    return found


def _list(text: str) -> list[object]:
    found: object = from_json(text)
    return found if isinstance(found, list) else []


__all__ = ["Account", "Link", "Pending", "PortalStore", "Session", "Token", "Tries", "portal_store_of"]
