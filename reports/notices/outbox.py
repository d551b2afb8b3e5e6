"""Notices as messages: what is to be queued for a scene, and the notes that say what clients were told. Pure.

A letter's key names the campaign, the client, the occasion, what it says, how often its visits were told of before, and
the receiver, so that the same letter is queued once, and a visit that moves away and back is told of each time.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from muster.ids import VisitId
from muster.messages import Channel, Content, Message
from muster.ports import Ledger
from muster.records import Note
from reports.notices.compose import Composed, House, compose, name_of
from reports.notices.due import Letter, Reminder, Scene, due, held_back, reminders, writable
from reports.notices.told import WAIVED, WRITTEN, Occasion

NOW = tuple(one for one in Occasion if one is not Occasion.DAY_BEFORE)
"""What is said as soon as it is due; the letters of the day before wait in the outbox."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be written, all in one transaction.

    Attributes:
        letters: what ``messages`` are made of, reminders apart.
        left: letters that cannot be written, for want of an address or a reason.
        call_off: ids of waiting reminders that do not hold any more.
    """

    notes: tuple[Note, ...] = ()
    messages: tuple[Message, ...] = ()
    letters: tuple[Letter, ...] = ()
    left: tuple[Letter, ...] = ()
    call_off: tuple[int, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be written."""
        return not (self.notes or self.messages or self.call_off)


def kind_of(occasion: Occasion) -> str:
    """What a message about an occasion is called in the outbox."""
    return f"notice {occasion.value}"


def letters_now(scene: Scene, house: House, occasions: Iterable[Occasion], *, why_moved: str = "") -> Telling:
    """Every letter that is due at once, with the note that its client was told.

    Raises:
        InputError: a company's own template is wrong.
    """
    letters = due(scene, [one for one in occasions if one is not Occasion.DAY_BEFORE])
    fit = tuple(one for one in letters if writable(one, scene))
    notes, messages = [], []
    for letter in fit:
        composed = compose(letter, scene, house, why_moved=why_moved)
        made = _messages(composed, f"notice/{name_of(composed, house)}/{_round(letter, scene)}", house)
        notes.append(Note(WRITTEN, None, {**_data(composed), "why": why_moved, "keys": [one.key for one in made]}))
        messages += made
    return Telling(tuple(notes), tuple(messages), fit, tuple(one for one in letters if not writable(one, scene)))


def reminder_keys(scene: Scene, house: House) -> Mapping[str, tuple[Reminder, str]]:
    """The letters of the day before that should wait now, by their keys, each with its receiver; not composed yet."""
    return {
        f"{_reminder_key(one, house)}/{address}": (one, address)
        for one in reminders(scene)
        if writable(one.letter, scene)
        for address in addresses(scene.fleet.client[one.letter.client_id].email)
    }


def reminder_message(key: str, reminder: Reminder, address: str, scene: Scene, house: House) -> Message:
    """A letter of the day before, to be sent when it is due."""
    composed = compose(reminder.letter, scene, house)
    return _message(composed, key, address, house, due_at=reminder.due_at)


def addresses(text: str) -> tuple[str, ...]:
    """The addresses in a field that may hold several."""
    return tuple(dict.fromkeys(part for part in re.split(r"[,;\s]+", text) if part))


def waive(ledger: Ledger, scene: Scene, visit_ids: Iterable[VisitId], *, by: str, reason: str) -> None:
    """Write down that these visits go without their notice, and who says so."""
    for visit_id in visit_ids:
        ledger.note(WAIVED, by=by, campaign_id=scene.plan.campaign_id, visit_id=visit_id, data={"reason": reason})


def waive_held(ledger: Ledger, scene: Scene, *, by: str, reason: str) -> int:
    """The same for every visit of the plan that is held back; how many."""
    held = [one.visit_id for one in held_back(scene.plan, scene)]
    waive(ledger, scene, held, by=by, reason=reason)
    return len(held)


def _messages(composed: Composed, key: str, house: House) -> list[Message]:
    return [_message(composed, f"{key}/{one}", one, house) for one in addresses(composed.to)]


def _message(composed: Composed, key: str, to: str, house: House, due_at: datetime | None = None) -> Message:
    letter = composed.letter
    visits = [one.visit_id for one in letter.matters]
    return Message(
        key=key,
        channel=Channel.EMAIL,
        to=to,
        kind=kind_of(letter.occasion),
        content=Content(composed.subject, composed.text, composed.html, composed.ics.decode()),
        campaign_id=house.campaign_id,
        client_id=letter.client_id,
        due_at=due_at,
        topic=f"visit {visits[0]}" if len(visits) == 1 else f"visits of {letter.client_id}",
    )


def _round(letter: Letter, scene: Scene) -> int:
    """How often its visits were told of before, all together; grows with every letter about one of them."""
    return sum(scene.told.times.get(one.visit_id, 0) for one in letter.matters)


def _reminder_key(reminder: Reminder, house: House) -> str:
    letter = reminder.letter
    about = "|".join(
        f"{one.visit_id} {one.promise.starts_at.isoformat()} {one.promise.ends_at.isoformat()} {one.promise.person_id}"
        for one in letter.matters
    )
    mark = sha256(f"{letter.language}|{about}".encode()).hexdigest()[:10]
    return f"notice/{house.campaign_id}-{letter.client_id}-{letter.occasion.value}-{mark}"


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
