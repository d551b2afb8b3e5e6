"""What ``playbooks/tzdata`` carries to Windows hosts, and how it reads their answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from muster.errors import FixError
from muster.steps import StepName, StepOutput
from playbooks.tzdata.windows.answers import answered
from playbooks.tzdata.windows.zonefile import WindowsZone, ZoneFile


@dataclass(frozen=True)
class WindowsPart:
    """The Windows half of a prepared fix: its rows, and the instants that it is judged by."""

    zones: ZoneFile
    instants: tuple[datetime, ...]

    def zone(self, iana: str) -> WindowsZone:
        """The registry key for hosts that live in a zone.

        Raises:
            FixError: the file of rows has none.
        """
        zone = self.zones.zone_of(iana)
        if zone is None:
            known = ", ".join(name for zone in self.zones.zones for name in zone.iana)
            raise FixError(f"tzdata: the file of Windows rows has no zone for {iana}; it has {known}")
        return zone

    def arguments(self, iana: str) -> Mapping[str, str]:
        """The variables of every script."""
        zone = self.zone(iana)
        return {
            "MUSTER_KEY": zone.key,
            "MUSTER_REPLACES": " ".join(f'"{name}"' for name in zone.replaces),
            "MUSTER_BATCH": sha256(zone.registry_file()).hexdigest()[:12],
            "MUSTER_INSTANTS": " ".join(f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for instant in self.instants),
        }

    def payload(self, name: StepName, iana: str) -> bytes:
        """What goes with a step: the rows, with apply."""
        return self.zone(iana).registry_file() if name is StepName.APPLY else b""

    def read(self, output: StepOutput, zones: Iterable[str]) -> StepOutput:
        """The probe's output with the offsets that the judge asks for."""
        return answered(output, self.zones, zones, self.instants)


def check_rows(zones: ZoneFile, offsets: Mapping[tuple[str, datetime], str]) -> None:
    """Hold the rows against a source of zone rules before anything is pushed.

    Raises:
        FixError: names the rows that are wrong.
    """
    wrong = zones.wrong_rows(offsets)
    if wrong:
        raise FixError(
            f"tzdata: the file of Windows rows is wrong: {'; '.join(wrong[:3])}",
            hint=f"its source says: {zones.source[:200]}",
        )
