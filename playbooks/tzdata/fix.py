"""The fix ``tzdata``: zone rules that hold after a change, made ready from a source that is right.

Everything that is expected of a host is computed from the source with ``zoneinfo``, and what is carried to the host is
taken from the same source, so that a wrong row has nowhere to hide: ``apply.sh`` compares what arrived with the digests
and with the expected offsets before it puts anything in place, and verify asks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Finding
from muster.steps import Step, StepName, StepOutput
from playbooks.contract import FixSpec, StepSpec
from playbooks.scripted import playbook_of, script_of
from playbooks.tzdata.judge import Expected, judge
from playbooks.tzdata.source import ZoneSource, digests, open_source, pack
from playbooks.tzdata.windows.answers import LAYER as WINDOWS_LAYER
from playbooks.tzdata.windows.fix import WindowsPart, check_rows
from playbooks.tzdata.windows.zonefile import read_zone_file
from playbooks.values import read_instants

SHIPPED_ROWS = "british-columbia.yml"


def prepare(spec: FixSpec, folder: Traversable, values: Mapping[str, str]) -> "TzdataFix":
    """Make the fix ready.

    Raises:
        FixError: the source does not know a zone, is older than ``fixed_in``, or says something else than ``expect``.
    """
    fix = TzdataFix(spec, folder, values, open_source(values["source"]), read_instants(values["instants"]))
    _check_release(fix.source, values["fixed_in"])
    zones = tuple(values["zones"].split())
    if zones:
        _check_expectations(fix, zones)
        if values["windows_rows"]:  # the shipped ones are held against the source when a Windows host needs them
            fix.check_windows(zones)
    return fix


@dataclass(frozen=True)
class TzdataFix:
    """The fix with a campaign's parameters. Steps are made once for each set of zones and shared by all their hosts."""

    spec: FixSpec
    folder: Traversable
    values: Mapping[str, str]
    source: ZoneSource
    instants: tuple[datetime, ...]
    _made: dict[tuple[StepName, OsFamily, str], Step] = field(default_factory=dict)
    _expected: dict[tuple[str, ...], Expected] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """One line for people, with the zones where the campaign names them."""
        return f"{self.spec.title}: {self.values['zones']}" if self.values["zones"] else self.spec.title

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The step for a host that lives in ``timezone``; None where the family has none.

        Raises:
            FixError: the source does not know the zone.
        """
        steps = self.spec.families.get(family)
        spec = steps.step(name) if steps else None
        if spec is None:
            return None
        if family is OsFamily.WINDOWS and self.windows.zones.zone_of(timezone) is None:
            return None
        key = (name, family, timezone)
        if key not in self._made:
            make = self._make_windows if family is OsFamily.WINDOWS else self._make
            self._made[key] = make(name, spec, timezone)
        return self._made[key]

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Read a probe's answer against the source; pure."""
        if any(fact.layer == WINDOWS_LAYER for fact in output.facts):
            output = self.windows.read(output, [timezone])
        return judge(output, self.expected(self._zones(timezone)), timezone=timezone)

    def expected(self, zones: tuple[str, ...]) -> Expected:
        """What the source says about these zones."""
        if zones not in self._expected:
            self._expected[zones] = Expected(
                offsets={
                    (zone, label(instant)): self.source.offset(zone, instant)
                    for zone in zones
                    for instant in self.instants
                },
                canonical={name: zone for zone in zones for name in (*self.source.aliases(zone), zone)},
                release=self.source.version,
                layers=tuple(self.values["layers"].split()),
            )
        return self._expected[zones]

    def _zones(self, timezone: str) -> tuple[str, ...]:
        return tuple(self.values["zones"].split()) or (timezone,)

    def _make(self, name: StepName, spec: StepSpec, timezone: str) -> Step:
        zones = self._zones(timezone)
        arguments, payload = self._arguments(zones, timezone), b""
        if name is StepName.APPLY:
            payload = pack(self.source, zones)
            arguments |= self._about_payload(zones, payload)
        script, playbook = script_of(self.folder, spec), playbook_of(self.folder, spec)
        return Step(name, script, arguments, payload, spec.timeout_s, playbook)

    @cached_property
    def windows(self) -> WindowsPart:
        """The registry rows for Windows hosts: the file of the campaign, else the one that is shipped."""
        named = self.values["windows_rows"]
        file = Path(named).expanduser() if named else self.folder / "windows" / SHIPPED_ROWS
        return WindowsPart(read_zone_file(file), self.instants)

    def check_windows(self, zones: tuple[str, ...]) -> None:
        """Hold the registry rows of these zones against the source.

        Raises:
            FixError: a row is wrong, or the file of rows is.
        """
        known = [zone for zone in zones if self.windows.zones.zone_of(zone)]
        offsets = {(zone, instant): self.source.offset(zone, instant) for zone in known for instant in self.instants}
        check_rows(self.windows.zones, offsets)

    def _make_windows(self, name: StepName, spec: StepSpec, timezone: str) -> Step:
        self.check_windows((timezone,))
        arguments, payload = self.windows.arguments(timezone), self.windows.payload(name, timezone)
        script, playbook = script_of(self.folder, spec), playbook_of(self.folder, spec)
        return Step(name, script, arguments, payload, spec.timeout_s, playbook)

    def _about_payload(self, zones: tuple[str, ...], payload: bytes) -> dict[str, str]:
        return {
            "MUSTER_DIGESTS": " ".join(f"{zone}={digest}" for zone, digest in digests(self.source, zones).items()),
            "MUSTER_PAYLOAD_BYTES": str(len(payload)),
        }

    def _arguments(self, zones: tuple[str, ...], timezone: str) -> dict[str, str]:
        epochs = {label(instant): int(instant.timestamp()) for instant in self.instants}
        return {
            "MUSTER_ZONES": " ".join(zones),
            "MUSTER_ALIASES": " ".join(f"{zone}={name}" for zone in zones for name in self.source.aliases(zone)),
            "MUSTER_INSTANTS": " ".join(f"{epoch}={word}" for word, epoch in epochs.items()),
            "MUSTER_EXPECTED": " ".join(
                f"{zone}@{epochs[word]}={offset}" for (zone, word), offset in self.expected(zones).offsets.items()
            ),
            "MUSTER_TIMEZONE": timezone,
            "MUSTER_RESTART": self.values["restart"],
            "MUSTER_PACKAGE": self.values["package"],
            "MUSTER_FIXED_IN": self.values["fixed_in"],
            "MUSTER_LOOK_FOR": self.values["look_for"],
        }


def label(instant: datetime) -> str:
    """How an instant is written in facts: ``2026-11-22T12:00:00Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_release(source: ZoneSource, fixed_in: str) -> None:
    if fixed_in and source.version and source.version < fixed_in:
        raise FixError(
            f"tzdata: parameters.source: {source.name} is of release {source.version}, older than {fixed_in}, "
            "the first that is right",
            hint="Give a newer source.",
        )


def _check_expectations(fix: TzdataFix, zones: tuple[str, ...]) -> None:
    """Hold what a person expects against what the source says."""
    offsets = fix.expected(zones).offsets
    for word in fix.values["expect"].split():
        zone, _, wanted = word.rpartition("=")
        if zone and zone not in zones:
            raise FixError(
                f"tzdata: parameters.expect: {word!r} is about a zone that is not in zones: {' '.join(zones)}"
            )
        for (asked, instant), said in offsets.items():
            if zone in {"", asked} and said != wanted.replace(":", ""):
                raise FixError(
                    f"tzdata: parameters.expect: {asked} at {instant} is {said} in {fix.source.name}"
                    f"{' of ' + fix.source.version if fix.source.version else ''}, not {wanted}",
                    hint="Give a source that knows the change, or correct what is expected.",
                )
