"""Live numbers of a campaign, by server-sent events."""

from fastapi import APIRouter

router = APIRouter()
