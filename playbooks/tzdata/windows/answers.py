"""From a Windows host's registry rows to the answers that the judge of ``tzdata`` knows: offsets at instants. Pure.

The probe says which zone the host is set to and what rows the registry holds; what Windows makes of them at an instant
is computed here, as ``GetTimeZoneInformationForYear`` and ``SystemTimeToTzSpecificLocalTime`` do. The answers are given
as facts of the layers ``system`` (the zone's own rows) and ``localtime`` (the zone that the host is set to).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from muster.steps import Fact, StepOutput
from playbooks.tzdata.windows.rows import Row, Rules, shown
from playbooks.tzdata.windows.zonefile import ZoneFile

MISSING = "missing"
LAYER = "windows"


def answered(output: StepOutput, zones: ZoneFile, asked: Iterable[str], instants: Iterable[datetime]) -> StepOutput:
    """The probe's output with the offsets added, for the IANA zones ``asked``; what cannot be read is an error."""
    instants = tuple(instants)
    try:
        known = _rules(output.facts)
    except ValueError as error:
        return replace(output, errors=(*output.errors, f"a row of the registry cannot be read: {error}"))
    current = next((fact.value for fact in output.facts if (fact.layer, fact.key) == (LAYER, "zone")), "")
    added = [Fact("localtime", "kind", "windows")] if current else []
    for iana in asked:
        zone = zones.zone_of(iana)
        if zone is None:
            continue
        added.append(Fact("localtime", "zone", iana if current == zone.key or current in zone.replaces else current))
        if current == zone.key or current in zone.replaces:
            added += [Fact("localtime", _question(iana, when), _offset(known.get(current), when)) for when in instants]
        added += [Fact("system", _question(iana, when), _offset(known.get(zone.key), when)) for when in instants]
    return replace(output, facts=(*output.facts, *added), errors=(*output.errors, *_disagreement(output.facts, known)))


def _question(iana: str, instant: datetime) -> str:
    return f"{iana} {instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _offset(rules: Rules | None, instant: datetime) -> str:
    return shown(rules.offset(instant)) if rules else MISSING


def _rules(facts: Iterable[Fact]) -> dict[str, Rules]:
    """The zones of the registry by key.

    Raises:
        ValueError: a row is none, or a year between the first and the last entry has none.
    """
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for fact in facts:
        layer, _, key = fact.layer.partition(" ")
        if layer == LAYER and key:
            said[key][fact.key] = fact.value
    return {key: _zone(key, values) for key, values in said.items() if values.get("TZI", MISSING) != MISSING}


def _zone(key: str, values: dict[str, str]) -> Rules:
    years = {int(name): Row.read(value) for name, value in values.items() if name.isdigit()}
    if years:
        first, last = (int(values.get(name, "0"), 16) for name in ("FirstEntry", "LastEntry"))
        absent = [year for year in range(first, last + 1) if year not in years]
        if not first or not last or first > last or absent:
            where = f"no row for {absent[0]}" if absent else f"entries from {first} to {last}"
            raise ValueError(f"{key}: {where}")
        years = {year: row for year, row in years.items() if first <= year <= last}
    return Rules(Row.read(values["TZI"]), years)


def _disagreement(facts: Iterable[Fact], known: dict[str, Rules]) -> tuple[str, ...]:
    """Where the host's own .NET was asked, it has the last word against our reading of its rows."""
    found = []
    for fact in facts:
        key, _, word = fact.key.rpartition(" ")
        if fact.layer == "dotnet" and key in known:
            ours = shown(known[key].offset(datetime.fromisoformat(word)))
            if ours != fact.value:
                found.append(f"{key} at {word}: .NET on the host says {fact.value}, its rows {ours}")
    return tuple(found)
