"""The table of messages: a queue beside the record.

It is the fourth sort of table: neither record nor projection. That a message was queued, sent, given up or called off
is an event; what it says and how often it was tried stands here only, so that the record does not carry every letter
twice and a try that is repeated in a minute leaves no trace in it.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from ledger.tables import METADATA, Json, UtcDateTime

messages = Table(
    "messages",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("campaign_id", Text),
    Column("client_id", Text),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("error", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("claimed_by", Text),
    Column("claimed_until", UtcDateTime),
    Index(None, "key", unique=True),
    Index(None, "state", "due_at"),
    Index(None, "campaign_id", "id"),
)
