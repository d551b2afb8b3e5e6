"""The outbox: letters written as files, and noted in the ledger so that nothing is said twice. It sends nothing.

The folder holds one ``.eml`` for each letter, named by the letter; whoever sends it moves it to ``sent/``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from muster.files import write_whole
from muster.ids import VisitId
from muster.ports import Ledger
from reports.notices.compose import Composed, House, compose, eml, name_of
from reports.notices.due import Letter, Scene, due, held_back, writable
from reports.notices.told import WAIVED, WRITTEN, Occasion


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written, and letters that could not be, for want of an address or a reason."""

    written: tuple[Path, ...]
    left: tuple[Letter, ...]


def write_letters(
    ledger: Ledger,
    scene: Scene,
    house: House,
    folder: Path,
    *,
    by: str,
    occasions: Iterable[Occasion] = tuple(Occasion),
    why_moved: str = "",
) -> Outcome:
    """Write every letter that is due, each to its file and then into the ledger.

    Raises:
        InputError: a company's own template is wrong.
        OSError: the folder cannot be written to.
    """
    letters = due(scene, occasions)
    written = []
    for letter in letters:
        if writable(letter, scene):
            composed = compose(letter, scene, house, why_moved=why_moved)
            written.append(_keep(ledger, composed, scene, house, folder, by, why_moved))
    return Outcome(tuple(written), tuple(one for one in letters if not writable(one, scene)))


def waive(ledger: Ledger, scene: Scene, visit_ids: Iterable[VisitId], *, by: str, reason: str) -> None:
    """Write down that these visits go without their notice, and who says so."""
    for visit_id in visit_ids:
        ledger.note(WAIVED, by=by, campaign_id=scene.plan.campaign_id, visit_id=visit_id, data={"reason": reason})


def waive_held(ledger: Ledger, scene: Scene, *, by: str, reason: str) -> int:
    """The same for every visit of the plan that is held back; how many."""
    held = [one.visit_id for one in held_back(scene.plan, scene)]
    waive(ledger, scene, held, by=by, reason=reason)
    return len(held)


def _keep(
    ledger: Ledger, composed: Composed, scene: Scene, house: House, folder: Path, by: str, why_moved: str
) -> Path:
    content = eml(composed, house, scene.now)
    path = folder / f"{name_of(composed, house)}.eml"
    write_whole(path, content)
    ledger.note(
        WRITTEN,
        by=by,
        campaign_id=scene.plan.campaign_id,
        data={**_data(composed), "file": path.name, "sha256": sha256(content).hexdigest(), "why": why_moved},
    )
    return path


def _data(composed: Composed) -> Mapping[str, object]:
    letter = composed.letter
    return {
        "occasion": letter.occasion.value,
        "client": letter.client_id,
        "language": letter.language,
        "to": composed.to,
        "subject": composed.subject,
        "visits": [
            {
                "visit": one.visit_id,
                "starts_at": one.promise.starts_at.isoformat(),
                "ends_at": one.promise.ends_at.isoformat(),
                "person": one.promise.person_id,
            }
            for one in letter.matters
        ],
    }
