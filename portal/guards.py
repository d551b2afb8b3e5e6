"""No route without a guard: looked at when the application is made, so that a forgotten one cannot be served."""

from collections.abc import Iterator, Sequence

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from portal.access import Need, OpenToAll
from portal.forms import posted, posted_openly

SAFE = {"GET", "HEAD", "OPTIONS"}


def routes_of(routes: Sequence[BaseRoute], before: str = "") -> Iterator[tuple[str, APIRoute]]:
    """Every route with its whole path, also those of included routers and of mounted applications."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield before + route.path, route
        elif isinstance(route, Mount):
            yield from routes_of(route.routes, before + route.path)
        elif (router := getattr(route, "original_router", None)) is not None:  # FastAPI 0.150 includes without copying
            yield from routes_of(router.routes, before)


def guards_of(route: APIRoute) -> tuple[object, ...]:
    """What guards a route: the one ``need(...)``, ``open_to_all`` or token scope that it should have."""
    return tuple(one for one in _calls(route.dependant) if isinstance(one, Need | OpenToAll) or _is_token_need(one))


def is_checked(route: APIRoute) -> bool:
    """Whether a route that changes something looks at who sent the form (or at a token, which no browser sends)."""
    calls = tuple(_calls(route.dependant))
    return posted in calls or posted_openly in calls or any(_is_token_need(one) for one in calls)


def check_routes(routes: Sequence[BaseRoute]) -> None:
    """Refuse an application with a route that nobody guards.

    Raises:
        TypeError: a route has not exactly one guard, or changes something without asking who sent it.
    """
    for path, route in routes_of(routes):
        if len(guards_of(route)) != 1:
            raise TypeError(f"{path} has {len(guards_of(route))} guards, and needs exactly one")
        if not (route.methods or set()) <= SAFE and not is_checked(route):
            raise TypeError(f"{path} changes something, and does not ask who sent the form")


def _calls(dependant: Dependant) -> Iterator[object]:
    if dependant.call is not None:
        yield dependant.call
    for one in dependant.dependencies:
        yield from _calls(one)


def _is_token_need(one: object) -> bool:
    return bool(getattr(one, "is_token_need", False))
