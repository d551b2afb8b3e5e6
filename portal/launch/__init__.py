"""Launching a campaign: a guide from an export of the fleet to a plan on the screen.

Six pages: fleet, columns, rows, fix and date, probe, plan. What is entered is kept in the book (``state``), and the
files in ``imports/`` of the workspace, so that one can go back and come back. Nothing of the fleet is written before
*Import*; dispatching is done on the manager's own pages.
"""

from portal.access import Role
from portal.launch.routes import router
from portal.nav import NavItem

NAV = (NavItem("Launch", "/launch", frozenset({Role.MANAGER}), place=55),)

__all__ = ["NAV", "router"]
