"""The pages of the client."""

from portal.access import Role
from portal.client.routes import router
from portal.nav import NavItem

NAV = (NavItem("Visits", "/client", frozenset({Role.CLIENT_CONTACT})),)

__all__ = ["NAV", "router"]
