"""The outbox: messages that wait in the ledger's database until somebody has sent them.

Two clocks: when a message is due is told by the campaign's clock, as everything in the record; leases and the pauses
between tries are real time, as with hosts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, or_, select, update

from ledger.codec import Codec, from_json, to_json
from ledger.kinds import Effect, Kind
from ledger.outbox_table import messages as table
from ledger.rows import chunks
from ledger.writing import Draft, Writing
from muster.errors import Conflict, NotFound
from muster.ids import CampaignId, ClientId
from muster.messages import Channel, Content, Delivery, Message, MessageState, Queued

CONTENT = Codec(Content)
_MARKS = tuple(field.name for field in fields(Queued) if field.name not in {"id", "message"})
"""The columns that say how a message stands; they have the names of the fields of ``Queued``."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages are asked for; None and nothing mean all."""

    campaign_id: CampaignId | None = None
    states: tuple[MessageState, ...] = ()
    topic: str | None = None
    kind: str | None = None
    channels: tuple[Channel, ...] = ()


def post(writing: Writing, messages: Sequence[Message], *, by: str) -> tuple[int, ...]:
    """Queue messages whose key is new, or whose message was called off; gives their ids."""
    wanted = {message.key: message for message in messages}
    there = _by_keys(writing.connection, list(wanted))
    new = [message for key, message in wanted.items() if key not in there]
    again = [(there[key].id, wanted[key]) for key in there if there[key].state is MessageState.CALLED_OFF]
    first = 1 + (writing.connection.scalar(select(func.max(table.c.id))) or 0)
    queued = [*enumerate(new, start=first), *again]
    for chunk in chunks([_new_row(writing, number, message) for number, message in enumerate(new, start=first)]):
        writing.connection.execute(insert(table), chunk)
    for number, message in again:
        values = _new_row(writing, number, message)
        del values["fence"]  # whoever sends it still must not write over who sends it next
        writing.connection.execute(update(table).where(table.c.id == number).values(values))
    _record(writing, Kind.MESSAGE_QUEUED, queued, by=by)
    return tuple(number for number, _ in queued)


def claim(
    writing: Writing, *, by: str, limit: int, lease_s: float, channels: Sequence[Channel] = ()
) -> tuple[Queued, ...]:
    """Give away messages that are due; each counts as tried from now on, whatever becomes of who took it."""
    real = writing.lease_now
    query = (
        _query(Asked(states=(MessageState.WAITING,), channels=tuple(channels)))
        .where(table.c.due_at <= writing.now)
        .where(or_(table.c.next_try_at.is_(None), table.c.next_try_at <= real))
        .where(or_(table.c.claimed_until.is_(None), table.c.claimed_until <= real))
        .order_by(table.c.due_at, table.c.id)
        .limit(limit)
    )
    ids = [row["id"] for row in writing.connection.execute(query).mappings()]
    until = real + timedelta(seconds=lease_s)
    for chunk in chunks(ids):
        writing.connection.execute(
            update(table)
            .where(table.c.id.in_(chunk))
            .values(claimed_by=by, claimed_until=until, attempts=table.c.attempts + 1, fence=table.c.fence + 1)
        )
    there = _by_ids(writing.connection, ids)
    return tuple(there[number] for number in ids)


def settle(writing: Writing, results: Sequence[Delivery], *, by: str) -> tuple[int, ...]:
    """Write down how tries ended; gives the ids of failures that came too late."""
    there = _by_ids(writing.connection, [result.id for result in results])
    late: list[int] = []
    for result in results:
        queued = there.get(result.id)
        if queued is None:
            raise _no_message(result.id)
        if result.sent:
            _mark_sent(writing, queued, result, by=by)
        elif queued.state is MessageState.WAITING and queued.fence == result.fence:
            _mark_failure(writing, queued, result, by=by)
        else:
            late.append(result.id)
    return tuple(late)


def _mark_sent(writing: Writing, queued: Queued, result: Delivery, *, by: str) -> None:
    if queued.state is MessageState.SENT:
        return
    answer = writing.guard.text(result.answer)
    _mark(writing, queued.id, MessageState.SENT, error="", answer=answer, sent_at=writing.now, next_try_at=None)
    data = {"attempts": queued.attempts, "answer": answer}
    _record(writing, Kind.MESSAGE_SENT, [(queued.id, queued.message)], by=by, more=data)


def _mark_failure(writing: Writing, queued: Queued, result: Delivery, *, by: str) -> None:
    error = writing.guard.text(result.error)
    if result.next_try_at is not None:
        _mark(writing, queued.id, MessageState.WAITING, error=error, next_try_at=result.next_try_at)
        return
    _mark(writing, queued.id, MessageState.FAILED, error=error, next_try_at=None)
    data = {"attempts": queued.attempts, "error": error}
    _record(writing, Kind.MESSAGE_FAILED, [(queued.id, queued.message)], by=by, more=data)


def call_off(writing: Writing, ids: Sequence[int], *, by: str, reason: str) -> tuple[int, ...]:
    """Messages that wait are not to be sent any more; gives their ids."""
    there = _by_ids(writing.connection, ids)
    waiting = [there[number] for number in ids if number in there and there[number].state is MessageState.WAITING]
    clean = writing.guard.text(reason)
    for queued in waiting:
        _mark(writing, queued.id, MessageState.CALLED_OFF, error=clean, next_try_at=None)
    pairs = [(queued.id, queued.message) for queued in waiting]
    _record(writing, Kind.MESSAGE_CALLED_OFF, pairs, by=by, more={"reason": clean})
    return tuple(queued.id for queued in waiting)


def retry(writing: Writing, message_id: int, *, by: str) -> None:
    """Have it tried again at once, also one that waits for its next try.

    Raises:
        NotFound: there is none.
        Conflict: it was sent.
    """
    queued = read_message(writing.connection, message_id)
    if queued.state is MessageState.SENT:
        raise Conflict(f"message {message_id} was sent at {queued.sent_at:%Y-%m-%d %H:%M} UTC")
    due_at = min(queued.due_at, writing.now)
    _mark(writing, message_id, MessageState.WAITING, attempts=0, next_try_at=None, due_at=due_at)
    _record(writing, Kind.MESSAGE_RETRIED, [(message_id, queued.message)], by=by)


def read_message(connection: Connection, message_id: int) -> Queued:
    """One message.

    Raises:
        NotFound: there is none.
    """
    found = _by_ids(connection, [message_id]).get(message_id)
    if found is None:
        raise _no_message(message_id)
    return found


def read_messages(connection: Connection, asked: Asked, limit: int) -> tuple[Queued, ...]:
    """The newest ``limit`` of those asked for, the newest last."""
    query = _query(asked).order_by(table.c.id.desc()).limit(limit)
    return tuple(reversed([_queued(row) for row in connection.execute(query).mappings()]))


def count_messages(connection: Connection, campaign_id: CampaignId | None) -> Mapping[MessageState, int]:
    """How many stand how."""
    query = select(table.c.state, func.count()).group_by(table.c.state)
    if campaign_id is not None:
        query = query.where(table.c.campaign_id == campaign_id)
    found = {state: number for state, number in connection.execute(query)}  # noqa: C416 - rows are not pairs to mypy
    return {state: found.get(state.value, 0) for state in MessageState}


def _query(asked: Asked) -> Select[Any]:
    query = select(table)
    if asked.states:
        query = query.where(table.c.state.in_([state.value for state in asked.states]))
    if asked.channels:
        query = query.where(table.c.channel.in_([channel.value for channel in asked.channels]))
    for column, value in (("campaign_id", asked.campaign_id), ("topic", asked.topic), ("kind", asked.kind)):
        if value is not None:
            query = query.where(table.c[column] == value)
    return query


def _by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Queued]:
    found: dict[int, Queued] = {}
    for chunk in chunks(ids):
        query = select(table).where(table.c.id.in_(chunk))
        found |= {row["id"]: _queued(row) for row in connection.execute(query).mappings()}
    return found


def _by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Queued]:
    found: dict[str, Queued] = {}
    for chunk in chunks(keys):
        query = select(table).where(table.c.key.in_(chunk))
        found |= {row["key"]: _queued(row) for row in connection.execute(query).mappings()}
    return found


def _mark(writing: Writing, message_id: int, state: MessageState, **values: object) -> None:
    """Change how a message stands; nobody holds it afterwards."""
    free = {"state": state.value, "claimed_by": None, "claimed_until": None}
    writing.connection.execute(update(table).where(table.c.id == message_id).values({**free, **values}))


def _record(
    writing: Writing,
    kind: Kind,
    queued: Sequence[tuple[int, Message]],
    *,
    by: str,
    more: Mapping[str, object] | None = None,
) -> None:
    drafts = [
        Draft(
            kind,
            Effect.NONE,
            writing.guard.text(by),
            writing.guard.mapping({**_summary(number, message), **(more or {})}),
            message.campaign_id,
        )
        for number, message in queued
    ]
    if drafts:
        writing.append(drafts)


def _summary(number: int, message: Message) -> dict[str, object]:
    return {
        "message": number,
        "key": message.key,
        "channel": message.channel.value,
        "to": message.to,
        "what": message.kind,
        "subject": message.content.subject,
        "client": message.client_id,
    }


def _new_row(writing: Writing, number: int, message: Message) -> dict[str, object]:
    clean, board = writing.guard, message.channel is Channel.BOARD
    return {
        "id": number,
        "key": message.key,
        "campaign_id": message.campaign_id,
        "client_id": message.client_id,
        "channel": message.channel.value,
        "recipient": clean.text(message.to),
        "kind": clean.text(message.kind),
        "topic": clean.text(message.topic),
        "content": to_json(clean.mapping(CONTENT.to_plain(message.content))),
        "state": (MessageState.SENT if board else MessageState.WAITING).value,
        "queued_at": writing.now,
        "due_at": message.due_at or writing.now,
        "attempts": 0,
        "fence": 0,
        "next_try_at": None,
        "error": "",
        "answer": "",
        "sent_at": writing.now if board else None,
        "claimed_by": None,
        "claimed_until": None,
    }


def _queued(row: RowMapping) -> Queued:
    message = Message(
        key=row["key"],
        channel=Channel(row["channel"]),
        to=row["recipient"],
        kind=row["kind"],
        content=CONTENT.from_plain(from_json(row["content"])),
        campaign_id=None if row["campaign_id"] is None else CampaignId(row["campaign_id"]),
        client_id=None if row["client_id"] is None else ClientId(row["client_id"]),
        due_at=row["due_at"],
        topic=row["topic"],
    )
    marks = {name: row[name] for name in _MARKS}
    return Queued(id=row["id"], message=message, **{**marks, "state": MessageState(row["state"])})


def _no_message(message_id: int) -> NotFound:
    return NotFound(f"the outbox holds no message {message_id}", hint="muster messages lists them")
