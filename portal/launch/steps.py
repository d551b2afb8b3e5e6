"""The steps of the guide: which there are, which are done, and which can be gone to."""

from dataclasses import dataclass

from portal.launch.state import Launch
from portal.reading import Reading

STEPS = (
    ("fleet", "Fleet"),
    ("columns", "Columns"),
    ("rows", "Rows"),
    ("campaign", "Fix and date"),
    ("probe", "Ask the machines"),
    ("plan", "Plan"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the list shows it; ``path`` is empty where it cannot be gone to yet."""

    name: str
    label: str
    path: str
    done: bool
    current: bool


def path_of(launch_id: str, step: str) -> str:
    """Where a step's page lies."""
    return f"/launch/{launch_id}/{step}"


def steps_of(launch: Launch, reading: Reading, current: str) -> tuple[Step, ...]:
    """Every step."""
    parts, confirmed = bool(launch.parts), all(one.confirmed for one in launch.parts)
    there, opened = bool(reading.fleet.hosts), bool(launch.campaign_id)
    planned = opened and any(one.id == launch.campaign_id and reading.campaign(one.id).plan_ids
                             for one in reading.campaigns())  # fmt: skip
    done = {
        "fleet": parts or there,
        "columns": (parts and confirmed) or (not parts and there),
        "rows": bool(launch.imported) or (not parts and there),
        "campaign": opened,
        "probe": launch.asked_at is not None or planned,
        "plan": planned,
    }
    can = {
        "fleet": True,
        "columns": parts,
        "rows": parts and confirmed,
        "campaign": there,
        "probe": opened,
        "plan": opened,
    }
    return tuple(
        Step(name, label, path_of(launch.id, name) if can[name] else "", done[name], name == current)
        for name, label in STEPS
    )
