"""The table of papers: partners' files, clients' terms, disclosures, work, offers and quotes, as they stand.

A projection: every row is the last event that wrote it. One table serves all shelves, because every shelf is asked for
by the same few ids and whatever else is in a paper is its own business.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from ledger.tables import METADATA, Json

papers = Table(
    "papers",
    METADATA,
    Column("shelf", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("partner_id", Text),
    Column("client_id", Text),
    Column("campaign_id", Text),
    Column("state", Text, nullable=False),
    Column("document", Json, nullable=False),
    Index(None, "partner_id"),
    Index(None, "client_id"),
    Index(None, "campaign_id"),
)
