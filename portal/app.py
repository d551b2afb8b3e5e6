"""The application: every route of every area, and what stands around them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from ledger.portal_store import portal_store_of
from muster.settings import Settings
from muster.wiring import Wired
from portal import (
    account_pages,
    client,
    company_login,
    engineer,
    entrance,
    launch,
    links,
    live,
    manager,
    metrics,
    partner,
)
from portal.api import create_api
from portal.bounds import Bounds
from portal.company_login import provider_of
from portal.guards import check_routes
from portal.keys import keys_in
from portal.live import Watcher
from portal.metrics import Metrics, TimedRequests
from portal.nav import NavItem
from portal.reading import Reading
from portal.render import FOLDER
from portal.security import SecureHeaders
from portal.seen import SignsOfLife
from portal.services import Portal
from portal.trouble import add_handlers


def create_app(services: Wired, settings: Settings) -> FastAPI:
    """The portal of one workspace."""
    app = FastAPI(
        title="Muster",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # such a redirect names the host that the request named, whoever sent it
        lifespan=_lifespan,
    )
    reading = Reading(services.ledger, services.clock)
    store = portal_store_of(services.ledger)
    portal = app.state.portal = Portal(
        services=services,
        settings=settings,
        store=store,
        signs_of_life=SignsOfLife(store),
        keys=keys_in(settings.workspace),
        reading=reading,
        provider=provider_of(settings, services),
        watch=Watcher(reading),
        metrics=Metrics(services, reading),
    )
    app.state.nav = _nav()
    for area in (
        entrance,
        links,
        company_login,
        account_pages,
        live,
        metrics,
        manager,
        launch,
        engineer,
        partner,
        client,
    ):
        app.include_router(area.router)
    app.mount("/api/v1", create_api(portal))
    check_routes(app.routes)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    add_handlers(app)
    app.add_middleware(Bounds)
    app.add_middleware(TimedRequests, metrics=portal.metrics)
    app.add_middleware(SecureHeaders, https=settings.portal_url.startswith("https://"))
    return app


def _nav() -> tuple[NavItem, ...]:
    return (*manager.NAV, *launch.NAV, *engineer.NAV, *partner.NAV, *client.NAV)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.portal.watch.close()


def _lifespan(app: FastAPI) -> AbstractAsyncContextManager[None]:
    return _running(app)
