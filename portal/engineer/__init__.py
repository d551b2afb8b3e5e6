"""The pages of the engineer."""

from portal.access import Role
from portal.engineer.routes import router
from portal.nav import NavItem

NAV = (
    NavItem("My day", "/engineer", frozenset({Role.ENGINEER}), place=10),
    NavItem("Calendar", "/calendar", frozenset({Role.ENGINEER, Role.PARTNER_TECHNICIAN}), place=20),
)

__all__ = ["NAV", "router"]
