"""The pages of the partner."""

from portal.access import Role
from portal.nav import NavItem
from portal.partner.routes import router

NAV = (NavItem("Visits", "/partner", frozenset({Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN})),)

__all__ = ["NAV", "router"]
