"""The same views as JSON, for programs: ``/api/v1`` with its OpenAPI description, entered with tokens."""

from portal.api.app import create_api

__all__ = ["create_api"]
