"""The pages of the client."""

from portal.client.routes import NAV, router

__all__ = ["NAV", "router"]
