from collections.abc import Sequence
from time import monotonic, sleep

import pytest

from muster.errors import Conflict, LedgerUnavailable
from push.groups import Groups


class Book:
    """What was written; refuses as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.written: list[int] = []
        self._errors = list(errors)

    def write(self, group: Sequence[int]) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.written += group


def test_what_is_added_is_written_while_more_may_come() -> None:
    book = Book()
    with Groups(book.write) as groups:
        groups.add(1)
        groups.add(2)
        until = monotonic() + 20
        while not book.written and monotonic() < until:
            sleep(0.01)
        assert book.written == [1, 2]
        groups.add(3)
    assert book.written == [1, 2, 3], "leaving writes the rest"


def test_a_ledger_that_comes_back_loses_nothing() -> None:
    book = Book(LedgerUnavailable("away"), LedgerUnavailable("still away"))
    with Groups(book.write) as groups:
        groups.add(1)
    assert book.written == [1]


def test_a_ledger_that_stays_away_is_given_up_and_says_why() -> None:
    book = Book(*(LedgerUnavailable(f"away {number}") for number in range(100)))

    def one_after_the_other() -> None:
        with Groups(book.write, patience_s=0.3) as groups:
            groups.add(1)
            until = monotonic() + 20
            while not groups.broken and monotonic() < until:
                sleep(0.01)
            assert groups.broken
            groups.add(2)

    with pytest.raises(LedgerUnavailable, match="away"):
        one_after_the_other()
    assert book.written == []


def test_what_the_ledger_refuses_is_not_offered_again() -> None:
    book = Book(Conflict("no"))
    with pytest.raises(Conflict), Groups(book.write) as groups:
        groups.add(1)
    assert book.written == []
