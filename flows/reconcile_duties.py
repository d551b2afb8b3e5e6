"""What the reconciler has begun, written down before it begins: so that two of them begin nothing twice.

A duty is a paper of the book. To take it is to replace the version that was read, in one transaction with a look at
whether the campaign was stopped meanwhile; whoever comes second is refused.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from flows.reconcile_rules import Due, Duty, DutyKind
from muster.beside import Wait, beside
from muster.clock import Clock
from muster.errors import Conflict, LedgerError
from muster.ids import CampaignId, RunnerId
from muster.ports import Ledger
from partners.papers import Book, Index, Kept, Shelf, change

DUTIES = Shelf("duty", Duty, lambda one: Index(one.key, campaign_id=one.campaign_id, state=one.kind.value))
HELD_FOR = timedelta(minutes=15)
"""Without a sign of life for so long, a duty of another machine counts as left."""
SIGN_EVERY_S = 300.0


def duties_of(book: Book, campaign_id: CampaignId) -> Mapping[DutyKind, Duty]:
    """The last duty of every kind in a campaign."""
    return {one.value.kind: one.value for one in book.papers(DUTIES, campaign_id=campaign_id)}


class Duties:
    """Takes and ends duties in the name of one process.

    Args:
        lease_clock: tells real time, by which a duty that nobody works at runs out.
    """

    def __init__(self, ledger: Ledger, book: Book, clock: Clock, lease_clock: Clock, runner_id: RunnerId) -> None:
        self._ledger = ledger
        self._book = book
        self._clock = clock
        self._lease_clock = lease_clock
        self._runner_id = runner_id

    def take(self, wanted: Due, seen: Duty | None) -> Duty | None:
        """Take what is due, if it still stands as it was ``seen``; None where somebody else has, or a stop came."""
        if wanted.campaign_id is None:
            raise ValueError("only what is of a campaign is taken")
        before = self._book.find(DUTIES, f"{wanted.campaign_id}/{wanted.kind.value}")
        if (None if before is None else before.value) != seen:
            return None
        duty = Duty(
            wanted.campaign_id,
            wanted.kind,
            self._runner_id,
            self._clock.now(),
            self._lease_clock.now() + HELD_FOR,
            in_vain=0 if seen is None else seen.in_vain,
            day=wanted.day,
        )
        try:
            with self._ledger.together():
                if self._ledger.stopped(wanted.campaign_id) is not None:
                    return None
                self._write(duty, f"{wanted.kind.value} begun by itself: {wanted.why}", before)
        except Conflict:
            return None
        return duty

    def end(self, duty: Duty, *, said: str, in_vain: bool) -> None:
        """Write down how it ended; where another process has taken it meanwhile, its word stands."""
        kept = self._book.find(DUTIES, duty.key)
        if kept is None or not self._is_mine(kept, duty):
            return
        ended = replace(
            kept.value, ended_at=self._clock.now(), said=said, in_vain=kept.value.in_vain + 1 if in_vain else 0
        )
        try:
            self._write(ended, f"{duty.kind.value} ended", kept)
        except Conflict:
            return

    @contextmanager
    def kept_alive(self, duty: Duty) -> Iterator[None]:
        """Give signs of life for the length of the block."""
        with beside(lambda wait: self._keep(duty, wait), name="muster-duty"):
            yield

    def _keep(self, duty: Duty, wait: Wait) -> None:
        due_at = time.monotonic() + SIGN_EVERY_S
        while not wait(max(0.0, due_at - time.monotonic())):
            due_at = time.monotonic() + SIGN_EVERY_S
            try:
                kept = self._book.find(DUTIES, duty.key)
                if kept is None or not self._is_mine(kept, duty):
                    return
                self._write(replace(kept.value, until=self._lease_clock.now() + HELD_FOR), "duty goes on", kept)
            except LedgerError:
                continue  # a busy ledger is asked again in time: a duty is held for three of these pauses

    def _is_mine(self, kept: Kept[Duty], duty: Duty) -> bool:
        there = kept.value
        return there.runner_id == duty.runner_id and there.taken_at == duty.taken_at and there.ended_at is None

    def _write(self, duty: Duty, what: str, before: Kept[Duty] | None) -> None:
        self._book.write([change(DUTIES, duty, what, before)], by=self._runner_id)
