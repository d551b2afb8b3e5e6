"""The pages of the manager."""

from portal.access import Role
from portal.manager.routes import router
from portal.nav import NavItem

NAV = (NavItem("Campaigns", "/manager", frozenset({Role.MANAGER, Role.AUDITOR})),)

__all__ = ["NAV", "router"]
