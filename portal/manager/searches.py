"""Searches that take seconds, one at a time, in a thread of the portal; pages look how far they are.

What was asked and what was found is kept in the record. While a process searches it holds a lock of that search in the
workspace: a search that has not ended and that nobody holds was broken off with its process, and is taken up again as
soon as somebody looks.
"""

import fcntl
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import IO

from muster.errors import Conflict, InputError, MusterError
from muster.ids import CampaignId
from muster.wiring import Wired
from partners.papers import change
from portal.access import nothing_there
from portal.manager.search_record import SEARCHES, Search, SearchKind

_LOG = logging.getLogger("muster.portal")
SOLVING = Semaphore(1)
"""One search at a time: a search takes a whole core, and others want their pages."""
FOLDER = ".searches"
"""Of the workspace: the locks."""
MOST_WAITING = 6
SHOWN = 8


@dataclass
class _At:
    """A search that this process is at."""

    began: float
    words: str = "waits for its turn"


@dataclass(frozen=True, slots=True)
class Standing:
    """A search and how far it is.

    Attributes:
        share: of its time, 0 to 1.
    """

    search: Search
    share: float
    words: str


_HERE: dict[tuple[Path, str], _At] = {}
_LOCK = Lock()


def ask(
    services: Wired,
    campaign_id: CampaignId,
    kind: SearchKind,
    *,
    seconds: float,
    by: str,
    asked: tuple[str, ...] = (),
    about: Mapping[str, str] | None = None,
) -> Search:
    """Begin a search; where somebody asked for the same and it is under way, that one.

    Raises:
        InputError: too many wait already.
    """
    made = Search(
        secrets.token_hex(4), campaign_id, kind, seconds, by, services.clock.now(), asked, about or {}
    )  # fmt: skip
    for one in searches_of(services, campaign_id, kind):
        if not one.ended and (one.asked, one.about) == (made.asked, made.about):
            return standing(services, one).search
    with _LOCK:
        if len(_HERE) >= MOST_WAITING:
            raise InputError("many searches wait already", hint="try again when some have ended")
    services.book.write([change(SEARCHES, made, f"search asked: {kind}")], by=by)
    _begin(services, made)
    return made


def search_named(services: Wired, campaign_id: CampaignId, search_id: str) -> Search:
    """A search of a campaign.

    Raises:
        NotFound: there is none of that id.
    """
    kept = services.book.find(SEARCHES, search_id)
    if kept is None or kept.value.campaign_id != campaign_id:
        raise nothing_there()
    return kept.value


def searches_of(services: Wired, campaign_id: CampaignId, kind: SearchKind) -> tuple[Search, ...]:
    """Those of one kind, the newest first."""
    kept = (one.value for one in services.book.papers(SEARCHES, campaign_id=campaign_id))
    return tuple(sorted((one for one in kept if one.kind is kind), key=lambda one: one.asked_at, reverse=True))


def newest(services: Wired, campaign_id: CampaignId, kind: SearchKind) -> Search | None:
    """The one that was asked for last."""
    return next(iter(searches_of(services, campaign_id, kind)), None)


def standing(services: Wired, search: Search) -> Standing:
    """How far a search is; one whose process is gone is taken up again."""
    if search.ended:
        return Standing(search, 1.0, "")
    with _LOCK:
        here = _HERE.get(_key(services, search))
    if here is None:
        _begin(services, search)
        return Standing(search, 0.0, "begun again")
    return Standing(search, min(0.97, (time.monotonic() - here.began) / search.expected_s), here.words)


def again(services: Wired, search: Search) -> Search:
    """Search anew for the same."""
    kept = services.book.find(SEARCHES, search.id)
    fresh = replace(search, ended_at=None, trouble="")
    if kept is not None and kept.value.ended:
        services.book.write([change(SEARCHES, fresh, f"search asked again: {search.kind}", kept)], by=search.by)
    _begin(services, fresh)
    return fresh


def keep(services: Wired, search: Search, what: str, *, by: str) -> None:
    """Write a search as it is now."""
    kept = services.book.find(SEARCHES, search.id)
    services.book.write([change(SEARCHES, search, what, kept)], by=by)


def _key(services: Wired, search: Search) -> tuple[Path, str]:
    return services.settings.workspace, search.id


def _begin(services: Wired, search: Search) -> None:
    """Search in a thread, unless somebody is at it, here or in another process."""
    key = _key(services, search)
    with _LOCK:
        if key in _HERE:
            return
        held = _held(services.settings.workspace, search.id)
        if held is None:
            return
        at = _HERE[key] = _At(time.monotonic())
    Thread(target=_run, args=(services, search, at, held), name=f"muster-search-{search.id}", daemon=True).start()


def _held(workspace: Path, search_id: str) -> IO[str] | None:
    """The lock of a search; None where another process has it."""
    folder = workspace / FOLDER
    folder.mkdir(exist_ok=True)
    lock = (folder / f"{search_id}.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _run(services: Wired, search: Search, at: _At, held: IO[str]) -> None:
    with held:
        try:
            with SOLVING:
                kept = services.book.find(SEARCHES, search.id)
                if kept is not None and not kept.value.ended:  # else somebody else ended it a moment ago
                    at.began, at.words = time.monotonic(), "getting ready"
                    _finish(services, _found(services, search, at))
        except Conflict:  # another process came to its end with it a moment before
            _LOG.info("search %s was ended by somebody else", search.id)
        except Exception:  # noqa: BLE001 - a record that cannot be written: the next look takes the search up again
            _LOG.exception("search %s", search.id)
        finally:
            (services.settings.workspace / FOLDER / f"{search.id}.lock").unlink(missing_ok=True)
            with _LOCK:
                _HERE.pop(_key(services, search), None)


def _found(services: Wired, search: Search, at: _At) -> Search:
    from portal.manager.search_work import carry_out  # brings OR-Tools, which pages need not wait for

    def tell(words: str) -> None:
        at.words = words

    try:
        return carry_out(services, search, tell)
    except MusterError as error:
        return replace(search, trouble=error.in_a_line)
    except Exception as error:  # noqa: BLE001 - whatever it was, the page must not wait for it for ever
        _LOG.exception("search %s of %s", search.id, search.campaign_id)
        said = f"an error nobody foresaw ({type(error).__name__}): the portal's log says more"
        return replace(search, trouble=said)


def _finish(services: Wired, found: Search) -> None:
    ended = replace(found, ended_at=services.clock.now())
    keep(services, ended, f"search ended: {found.kind}", by=found.by)
