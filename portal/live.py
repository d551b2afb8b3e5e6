"""Live numbers of a campaign, by server-sent events: one reader for everybody who looks.

The first who looks starts one thread. It takes in new events twice a second (``Reading.refresh``), makes a campaign's
numbers once when they have moved, and hands the same text to all who look at that campaign. A viewer who is slow gets
the newest numbers only, and nobody else waits for them.
"""

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from muster.errors import MusterError
from muster.ids import CampaignId, VisitId
from muster.outcomes import HostStatus
from portal.access import Role, Viewer, need
from portal.reading import Reading
from portal.scope import scope_of
from portal.services import portal_of, reading_of
from portal.sessions import viewer_of
from portal.words import TONES, percent

_LOG = logging.getLogger("muster.portal")
LOOK_S = 0.5
"""How often the record is looked at; with a browser's drawing it stays well below two seconds."""
HEART_S = 15.0
"""A word now and then keeps proxies from cutting a quiet line; the session is looked at again, too."""
TONES_IN_ORDER = ("good", "busy", "warn", "bad", "idle")

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Topic:
    """What is looked at: a campaign, or one visit of it."""

    campaign_id: CampaignId
    visit_id: VisitId | None = None


@dataclass
class _Looker:
    """Somebody who looks; ``text`` is the newest that they have not been sent yet."""

    loop: asyncio.AbstractEventLoop
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    text: str = ""

    def hand(self, text: str) -> None:
        """Hand the newest over, from any thread."""

        def put() -> None:
            self.text = text
            self.ready.set()

        try:
            self.loop.call_soon_threadsafe(put)
        except RuntimeError:
            return  # the server is going down


class Watcher:
    """The one reader; it stands still while nobody looks."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._lookers: dict[Topic, list[_Looker]] = {}
        self._texts: dict[Topic, tuple[int, str]] = {}
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self.looks = 0
        """How often the record was looked at; for tests."""

    def join(self, topic: Topic, looker: _Looker) -> None:
        """Begin to look."""
        with self._lock:
            self._lookers.setdefault(topic, []).append(looker)
            if self._thread is None:
                self._end.clear()
                self._thread = threading.Thread(target=self._run, name="portal live", daemon=True)
                self._thread.start()
        if (text := self._text_of(topic)) is not None:
            looker.hand(text)

    def leave(self, topic: Topic, looker: _Looker) -> None:
        """Look no more."""
        with self._lock:
            left = self._lookers.get(topic, [])
            if looker in left:
                left.remove(looker)
            if not left:
                self._lookers.pop(topic, None)
                self._texts.pop(topic, None)

    def close(self) -> None:
        """End the thread, and every stream with it."""
        self._end.set()
        with self._lock:
            thread, lookers = self._thread, [one for some in self._lookers.values() for one in some]
        for one in lookers:
            one.hand("")
        if thread is not None:
            thread.join(5)

    @property
    def is_closed(self) -> bool:
        """Whether streams should end."""
        return self._end.is_set()

    def _run(self) -> None:
        while not self._end.wait(LOOK_S):
            with self._lock:
                topics = {topic: tuple(lookers) for topic, lookers in self._lookers.items()}
                if not topics:
                    self._thread = None
                    return
            try:
                self._look(topics)
            except MusterError as error:
                _LOG.warning("live numbers: %s", error.message)  # the ledger may be back at the next look

    def _look(self, topics: Mapping[Topic, tuple[_Looker, ...]]) -> None:
        self.looks += 1
        self._reading.refresh()
        for topic, lookers in topics.items():
            before = self._texts.get(topic, (0, ""))[1]
            text = self._text_of(topic)
            if text is not None and text != before:
                for one in lookers:
                    one.hand(text)

    def _text_of(self, topic: Topic) -> str | None:
        """The numbers as text, made once for each time that they move."""
        moved_at = self._reading.moved_at(topic.campaign_id)
        known = self._texts.get(topic)
        if known is not None and known[0] == moved_at:
            return known[1]
        try:
            text = json.dumps(numbers_of(self._reading, topic), separators=(",", ":"))
        except MusterError:
            return None
        self._texts[topic] = (moved_at, text)
        return text


def numbers_of(reading: Reading, topic: Topic) -> dict[str, object]:
    """What a page shows of a campaign or a visit while it moves."""
    now = reading.campaign(topic.campaign_id)
    if topic.visit_id is None:
        counts = reading.counts(topic.campaign_id)
    else:
        counts = reading.counts_of_visit(topic.campaign_id, topic.visit_id)
    wave = now.waves[-1] if now.waves and topic.visit_id is None else None
    return {
        "counts": {status.value: counts.get(status, 0) for status in HostStatus},
        "shown": _shown(counts),
        "bar": _bar(counts),
        "stopped": now.stop is not None,
        "wave": {"number": wave.number, "state": wave.state.value} if wave else None,
    }


def _shown(counts: Counter[HostStatus]) -> dict[str, str]:
    """Texts by the name that a page gives them with ``data-live``."""
    total = counts.total()
    right = sum(number for status, number in counts.items() if status.protected)
    found = {status.value.replace(" ", "-"): f"{counts.get(status, 0):,}" for status in HostStatus}
    return {
        **found,
        "right": f"{right:,}",
        "left": f"{total - right:,}",
        "total": f"{total:,}",
        "percent": percent(right / total) if total else "",
    }


def _bar(counts: Counter[HostStatus]) -> list[tuple[int, str]]:
    sums: Counter[str] = Counter()
    for status, number in counts.items():
        sums[TONES[status]] += number
    return [(sums[tone], tone) for tone in TONES_IN_ORDER if sums[tone]]


@router.get("/live/{campaign_id}")
def live_campaign(
    request: Request, campaign_id: str, _viewer: Annotated[Viewer, Depends(need(Role.MANAGER, Role.AUDITOR))]
) -> StreamingResponse:
    """The numbers of a campaign, whenever they move."""
    reading_of(request).campaign(CampaignId(campaign_id))
    return _stream(request, Topic(CampaignId(campaign_id)))


@router.get("/live/{campaign_id}/{visit_id}")
def live_visit(
    request: Request, campaign_id: str, visit_id: str, viewer: Annotated[Viewer, Depends(need())]
) -> StreamingResponse:
    """The numbers of a visit that the viewer may see, whenever they move."""
    scope_of(request, viewer).visit(CampaignId(campaign_id), VisitId(visit_id))
    return _stream(request, Topic(CampaignId(campaign_id), VisitId(visit_id)))


def _stream(request: Request, topic: Topic) -> StreamingResponse:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}  # nginx hands each event on at once
    return StreamingResponse(_events(request, topic), media_type="text/event-stream", headers=headers)


async def _events(request: Request, topic: Topic) -> AsyncIterator[str]:
    watch, looker = portal_of(request).watch, _Looker(asyncio.get_running_loop())
    await run_in_threadpool(watch.join, topic, looker)
    try:
        yield "retry: 2000\n\n"
        asked_at = time.monotonic()
        while not watch.is_closed:
            try:
                await asyncio.wait_for(looker.ready.wait(), HEART_S)
            except TimeoutError:
                yield ": still here\n\n"
            if time.monotonic() - asked_at >= HEART_S:  # also where numbers move without a pause
                asked_at = time.monotonic()
                if not await run_in_threadpool(_may_still_look, request, topic):
                    return
            if not looker.ready.is_set():
                continue
            looker.ready.clear()
            if looker.text:
                yield f"event: numbers\ndata: {looker.text}\n\n"
    finally:
        watch.leave(topic, looker)


def _may_still_look(request: Request, topic: Topic) -> bool:
    """Whether the session has not ended meanwhile, and the visit is still the viewer's to see."""
    request.state.viewer = None
    try:
        viewer = viewer_of(request)
        if topic.visit_id is not None:
            scope_of(request, viewer).visit(topic.campaign_id, topic.visit_id)
        elif not viewer.sees_all:
            return False
    except MusterError:
        return False
    return True
