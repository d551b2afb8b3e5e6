"""The pages of the partner."""

from portal.access import Role
from portal.nav import NavItem
from portal.partner.routes import router

BOTH = frozenset({Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN})
MANAGER = frozenset({Role.PARTNER_MANAGER})
NAV = (
    NavItem("Visits", "/partner/visits", BOTH, place=10),
    NavItem("Work", "/partner/work", MANAGER, place=20),
    NavItem("People", "/partner/people", MANAGER, place=30),
)

__all__ = ["NAV", "router"]
