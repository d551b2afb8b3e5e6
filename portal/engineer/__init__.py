"""The pages of the engineer, and the office's inbox of what is said outside."""

from portal.access import Role
from portal.engineer import inbox_routes
from portal.engineer.routes import router
from portal.field import faces
from portal.nav import NavItem

NAV = (
    NavItem("My day", "/engineer", frozenset({Role.ENGINEER}), place=10),
    NavItem("Inbox", "/inbox", frozenset({Role.MANAGER, Role.AUDITOR}), place=60),
    NavItem("Calendar", "/calendar", frozenset({Role.ENGINEER, Role.PARTNER_TECHNICIAN}), place=20),
)

router.include_router(inbox_routes.router)
router.include_router(faces.router)

__all__ = ["NAV", "router"]
