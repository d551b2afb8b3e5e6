"""One running portal and one browser for all tests; logins by role without typing a password each time."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from muster.plan import Plan
from portal.access import Role
from portal.app import create_app
from portal.services import Portal
from portal.sessions import csrf_of
from tests.portal.world import CAMPAIGN, WHO, World, add_accounts, log_in, make_world, open_world

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parent.parent.parent / ".cache" / "screenshots"
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
FRESH = httpx.Limits(keepalive_expiry=1.0)
"""The server closes connections that nobody used for five seconds; a test that pauses must not come in that moment."""
expect.set_options(timeout=90_000)


@dataclass
class RunningPortal:
    """A portal that answers on loopback."""

    world: World
    app: FastAPI
    portal: Portal
    url: str
    server: uvicorn.Server
    thread: threading.Thread
    words: dict[str, str] = field(default_factory=dict)

    def word(self, who: Role | str) -> str:
        """The session's cookie of somebody who is logged in; made once."""
        account = WHO[who] if isinstance(who, Role) else who
        if account not in self.words:
            self.words[account] = log_in(self.world, account)
        return self.words[account]

    def client(self, who: Role | str | None = None) -> httpx.Client:
        """A client that is logged in as a role's usual account, as an account by name, or (None) as nobody."""
        made = httpx.Client(base_url=self.url, timeout=180, follow_redirects=False, limits=FRESH)
        if who is not None:
            word = self.word(who)
            made.cookies.set("muster", word)
            made.headers["x-csrf-token"] = csrf_of(self.portal, word)
        return made


@dataclass
class Screens:
    """Pages in a real browser."""

    portal: RunningPortal
    browser: Browser
    opened: list[BrowserContext] = field(default_factory=list)

    def page(
        self, who: Role | str | None = None, *, phone: bool = False, dark: bool = False, scripts: bool = True
    ) -> Page:
        """A new window, logged in as somebody; closed at the end of the test."""
        context = self.browser.new_context(
            base_url=self.portal.url,
            viewport=PHONE if phone else DESKTOP,
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            locale="en-GB",
        )
        self.opened.append(context)
        if who is not None:
            context.add_cookies([{"name": "muster", "value": self.portal.word(who), "url": self.portal.url}])
        page = context.new_page()
        page.set_default_timeout(90_000)  # a limit for a busy machine; nothing waits for it
        return page

    def keep(self, page: Page, name: str) -> Path:
        """A screenshot of the whole page, kept as build output."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=file, full_page=True)
        return file


def start_portal(world: World, *, port: int = 0) -> RunningPortal:
    """Serve a world on a free port of loopback, or on the one where it was served before."""
    listening = socket.create_server(("127.0.0.1", port))
    port = listening.getsockname()[1]
    settings = world.settings.model_copy(update={"portal_url": f"http://127.0.0.1:{port}"})
    app = create_app(world.services, settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", lifespan="on", access_log=False, proxy_headers=False, server_header=False
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), name="portal", daemon=True)
    thread.start()
    give_up = time.monotonic() + 60
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.02)
    assert server.started
    return RunningPortal(world, app, app.state.portal, f"http://127.0.0.1:{port}", server, thread)


def stop_portal(running: RunningPortal) -> None:
    """End it and give everything back."""
    running.server.should_exit = True
    running.thread.join(30)
    running.world.services.close()


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a world with all accounts, built once; tests take copies."""
    folder = tmp_path_factory.mktemp("world")
    world = make_world(folder)
    add_accounts(world)
    world.services.close()
    return folder


def copy_world(world_folder: Path, folder: Path) -> World:
    """A world like the one of ``world_folder``, in a workspace of its own."""
    shutil.copytree(world_folder, folder, dirs_exist_ok=True)
    return open_world(folder)


@pytest.fixture(scope="session")
def portal(world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """The running portal that all tests share; a test that changes much makes a world of its own (``fresh_portal``)."""
    running = start_portal(copy_world(world_folder, tmp_path_factory.mktemp("portal")))
    yield running
    stop_portal(running)


@pytest.fixture(scope="session")
def planned_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a world whose plan the scheduler made, built once; tests take copies."""
    from tests.portal.planned import make_planned

    folder = tmp_path_factory.mktemp("planned")
    world, _ = make_planned(folder)
    world.services.close()
    return folder


def start_planned(planned_folder: Path, folder: Path) -> tuple[RunningPortal, Plan]:
    """A running portal on a copy of that world, and the plan that binds in it."""
    world = copy_world(planned_folder, folder)
    binding = world.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    return start_portal(world), world.ledger.plan(binding.plan_id)


@pytest.fixture(scope="module")
def planned(planned_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningPortal, Plan]]:
    """A running portal whose plan the scheduler made; tests may keep proposals in it, and dispatch none.

    One for each module: its clock runs on, and the first visits of the plan begin within the hour.
    """
    running, plan = start_planned(planned_folder, tmp_path_factory.mktemp("looked-at"))
    yield running, plan
    stop_portal(running)


@pytest.fixture
def own_planned(planned_folder: Path, tmp_path: Path) -> Iterator[tuple[RunningPortal, Plan]]:
    """The same for one test alone, which may dispatch."""
    running, plan = start_planned(planned_folder, tmp_path)
    yield running, plan
    stop_portal(running)


@pytest.fixture
def fresh_portal(world_folder: Path, tmp_path: Path) -> Iterator[RunningPortal]:
    """A portal with a world that nobody else looks at."""
    running = start_portal(copy_world(world_folder, tmp_path))
    yield running
    stop_portal(running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once for a module: while its driver runs, its loop stands in the way of any other."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt install chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def screens(portal: RunningPortal, browser: Browser) -> Iterator[Screens]:
    """Windows on the shared portal."""
    made = Screens(portal, browser)
    yield made
    for context in made.opened:
        context.close()


@pytest.fixture
def screens_of(browser: Browser) -> Iterator[Callable[[RunningPortal], Screens]]:
    """Windows on a portal of one's own: ``screens_of(fresh_portal)``."""
    made: list[Screens] = []

    def of(running: RunningPortal) -> Screens:
        made.append(Screens(running, browser))
        return made[-1]

    yield of
    for one in made:
        for context in one.opened:
            context.close()
