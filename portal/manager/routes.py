"""The routes of the manager's pages."""

from fastapi import APIRouter

from portal.manager import (
    pages_board,
    pages_changes,
    pages_lists,
    pages_money,
    pages_plan,
    pages_searches,
    pages_sums,
    pages_timeline,
    pages_waves,
)

router = APIRouter()
for part in (
    pages_board,
    pages_lists,
    pages_money,
    pages_plan,
    pages_searches,
    pages_changes,
    pages_sums,
    pages_timeline,
    pages_waves,
):
    router.include_router(part.router)
