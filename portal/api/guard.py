"""Who asks: the token of a request, its scope, and the role of the account that it acts for."""

from dataclasses import dataclass

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from portal.access import Role, Viewer, nothing_there
from portal.tokens import Scope, token_viewer

BEARER = HTTPBearer(auto_error=False, description="A token that `muster portal token add` made.")
"""Describes the header; what it holds is checked by ``token_viewer``."""


@dataclass(frozen=True, slots=True)
class TokenNeed:
    """A route's dependency: a token with this scope, of an account with one of these roles."""

    scope: Scope
    roles: frozenset[Role]
    is_token_need = True

    def __call__(self, request: Request) -> Viewer:
        """Whom the token acts for.

        Raises:
            LoginWanted: there is no good token.
            ScopeMissing: it is not for this.
            NotFound: the account has another role.
        """
        viewer = token_viewer(request, self.scope)
        if viewer.role not in self.roles:
            raise nothing_there()
        return viewer


def token_need(scope: Scope, *roles: Role) -> TokenNeed:
    """A token with this scope, of an account with one of these roles; without any: with whatever role."""
    return TokenNeed(scope, frozenset(roles or Role))


DESCRIBED = [Depends(BEARER)]
