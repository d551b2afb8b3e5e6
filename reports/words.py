"""Figures in words: shares that never round up, days that are left, moments, money."""

import math
from datetime import UTC, datetime, timedelta

from muster.words import count
from reports.record import CampaignRecord


def share(part: int, whole: int) -> str:
    """``149 of 150 (99 %)``: the percentage is rounded down, so that 100 % means every one.

    >>> share(149, 150), share(150, 150), share(0, 0)
    ('149 of 150 (99 %)', '150 of 150 (100 %)', '0 of 0')
    """
    return f"{part:,} of {whole:,} ({part * 100 // whole} %)" if whole else f"{part:,} of {whole:,}"


def days_left(record: CampaignRecord) -> str:
    """How long until the deadline, rounded down; hours on the last two days; said plainly once it is over."""
    left = record.campaign.deadline - record.now
    if left < timedelta():
        return f"over for {_span(-left)}"
    return f"{_span(left)} left"


def moment(at: datetime) -> str:
    """An instant in its own zone with its offset, such as ``Sun 1 Nov 2026, 02:00 -07:00``; UTC says UTC."""
    offset = at.strftime("%z")
    zone = "UTC" if at.tzinfo is UTC or offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} {zone}"


def pace(open_hosts: int, left: timedelta) -> str:
    """How many hosts a day must be protected from now on, rounded up; empty where that makes no sense."""
    days = left.total_seconds() / 86400
    if open_hosts == 0 or days <= 0:
        return ""
    if days < 1:
        return f"{count(open_hosts, 'host')} in the {_span(left)} left"
    return f"{math.ceil(open_hosts / days):,} a day"


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours >= 2:
        return f"{hours} hours"
    minutes = int(span.total_seconds() // 60)
    return count(minutes, "minute")
