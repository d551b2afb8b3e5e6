"""What the guide's pages share: how one is shown."""

from starlette.requests import Request
from starlette.responses import Response

from portal.access import Viewer
from portal.launch.state import Launch
from portal.launch.steps import path_of, steps_of
from portal.render import page
from portal.services import reading_of


def show(
    request: Request, viewer: Viewer, launch: Launch, step: str, *, status: int = 200, **context: object
) -> Response:
    """A step's page, with the list of steps above it."""
    steps = steps_of(launch, reading_of(request), step)
    return page(
        request,
        viewer,
        f"launch/{step}.html",
        status=status,
        launch=launch,
        steps=steps,
        step=next(one for one in steps if one.current),
        base=path_of(launch.id, "").rstrip("/"),
        **context,
    )
