"""Launches that are over: their files are deleted, by hand or after a while; what was imported of them stays."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from muster.errors import Conflict
from partners.papers import Book, Kept, change
from portal.launch.state import FOLDER, LAUNCHES, Launch

KEPT_FOR = timedelta(days=30)
"""Files of a launch that nobody put away are deleted after this: they name every machine of the clients."""


def put_away(book: Book, workspace: Path, kept: Kept[Launch], now: datetime, *, by: str) -> None:
    """Delete a launch's files, and take it off the list. What the record of it says stays.

    Raises:
        Conflict: somebody else has just changed it.
    """
    over = replace(kept.value, parts=(), draft={}, put_away_at=now)
    book.write([change(LAUNCHES, over, "launch put away", kept)], by=by)
    shutil.rmtree(workspace / FOLDER / kept.value.id, ignore_errors=True)


def tidy(book: Book, workspace: Path, now: datetime) -> None:
    """Put away what is older than ``KEPT_FOR``, and delete folders that belong to no launch."""
    known = book.papers(LAUNCHES)
    for kept in known:
        if kept.value.put_away_at is None and now - kept.value.began_at > KEPT_FOR:
            try:
                put_away(book, workspace, kept, now, by="portal")
            except Conflict:  # somebody is at it after all
                continue
    open_ones = {kept.value.id for kept in known if kept.value.put_away_at is None}
    for folder in (workspace / FOLDER).glob("*/"):
        if folder.name not in open_ones:
            shutil.rmtree(folder, ignore_errors=True)
