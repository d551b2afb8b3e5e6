"""Figures for Prometheus: how campaigns stand, what waits to be sent, and how long requests take.

``/metrics`` answers a token with the scope ``metrics``, and without one only a caller on this machine that no proxy
stands before. ``/health`` says whether the portal and its ledger answer, to anybody, and nothing else.
"""

import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.forecast import forecasts_of
from ledger.portal_reads import count_outcomes
from muster.errors import MusterError
from muster.outcomes import HostStatus
from muster.wiring import Wired
from portal.access import nothing_there, open_to_all
from portal.services import portal_of
from portal.sessions import address_of
from portal.tokens import Scope as TokenScope
from portal.tokens import token_viewer

if TYPE_CHECKING:
    from portal.reading import Reading

router = APIRouter()
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One registry for each portal, so that two in one process do not mix."""

    def __init__(self, services: Wired, reading: "Reading") -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "muster_portal_request_seconds",
            "Time from a request's arrival to its answer's last byte.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Campaigns(services, reading))


class _Campaigns(Collector):
    """What the ledger knows, asked when somebody looks."""

    def __init__(self, services: Wired, reading: "Reading") -> None:
        self._services = services
        self._reading = reading

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is asked of the ledger when this is registered."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        """Every figure."""
        self._reading.refresh()
        yield self._hosts()
        yield self._attempts()
        yield from self._campaigns()
        yield self._outbox()
        yield GaugeMetricFamily("muster_ledger_revision", "Of the newest event.", value=self._reading.revision)

    def _hosts(self) -> GaugeMetricFamily:
        made = GaugeMetricFamily("muster_hosts", "Machines by where they stand.", labels=("campaign", "status"))
        for campaign in self._reading.campaigns():
            counts = self._reading.counts(campaign.id)
            for status in HostStatus:
                made.add_metric((campaign.id, status.value), counts.get(status, 0))
        return made

    def _attempts(self) -> CounterMetricFamily:
        made = CounterMetricFamily("muster_attempts", "Pushes that ended, by how.", labels=("campaign", "status"))
        for (campaign_id, status), number in count_outcomes(self._services.ledger).items():
            made.add_metric((campaign_id, status), number)
        return made

    def _campaigns(self) -> Iterable[GaugeMetricFamily]:
        label = ("campaign",)
        left = GaugeMetricFamily(
            "muster_deadline_seconds", "Until the deadline, on the campaign's clock.", labels=label
        )
        stopped = GaugeMetricFamily("muster_stopped", "1 while a stop is in force.", labels=label)
        odds = GaugeMetricFamily("muster_odds", "How likely all is done in time, by the newest forecast.", labels=label)
        for campaign in self._reading.campaigns():
            left.add_metric((campaign.id,), (campaign.deadline - self._reading.now).total_seconds())
            stopped.add_metric((campaign.id,), int(self._reading.campaign(campaign.id).stop is not None))
            if forecasts := forecasts_of(self._services, campaign.id):
                odds.add_metric((campaign.id,), forecasts[-1].all_done)
        return left, stopped, odds

    def _outbox(self) -> GaugeMetricFamily:
        made = GaugeMetricFamily("muster_outbox_messages", "Messages by how they stand.", labels=("state",))
        for state, number in self._services.ledger.message_counts().items():
            made.add_metric((state.value,), number)
        return made


class TimedRequests:
    """Middleware that times every request by its route (never by its path: ids would make a series each)."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write down how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "/static" if "/static" in scope["path"] else "none")
            if not route.startswith("/live"):  # a stream lasts as long as somebody looks
                took_s = time.perf_counter() - begun
                self._metrics.seconds.labels(scope["method"], route, f"{status // 100}xx").observe(took_s)


@router.get("/metrics", dependencies=[Depends(open_to_all)])
def metrics_page(request: Request) -> Response:
    """Every figure, as Prometheus reads them."""
    portal = portal_of(request)
    if request.headers.get("authorization"):
        token_viewer(request, TokenScope.METRICS)
    elif not _is_from_here(request):
        raise nothing_there()
    return Response(generate_latest(portal.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/health", dependencies=[Depends(open_to_all)])
def health(request: Request) -> Response:
    """Whether the portal and its ledger answer."""
    try:
        portal_of(request).services.ledger.revision()
    except MusterError:
        return JSONResponse({"status": "the ledger does not answer"}, 503)
    return JSONResponse({"status": "ok"})


def _is_from_here(request: Request) -> bool:
    """Whether a program on this machine asks; what a proxy handed on is somebody else's question."""
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via")):
        return False
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
