"""A letter as its client reads it: subject, text, page, and the visits for its calendar."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from muster.errors import InputError
from muster.ids import CampaignId, HostId, PersonId
from muster.outcomes import HostStatus
from muster.plan import Visit, VisitMode
from reports.invitations import Appointment, calendar
from reports.notices.due import Letter, Matter, Scene, visit_of
from reports.notices.languages import Language, language
from reports.notices.told import Occasion, Promise
from reports.pages import render

INVITING = frozenset({Occasion.DISPATCHED, Occasion.MOVED, Occasion.CALLED_OFF})
Texts = tuple[str, ...]
DECISION = frozenset({HostStatus.UNSUPPORTED})
NOT_REACHED = frozenset({HostStatus.UNREACHABLE, HostStatus.UNTRUSTED})


@dataclass(frozen=True, slots=True)
class House:
    """Who writes.

    Attributes:
        sender: the e-mail address that answers go to.
        templates: a company's own folders, the first one first.
    """

    company: str
    sender: str
    campaign_id: CampaignId
    templates: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit in a letter, every text in the letter's language.

    Attributes:
        before: when it was to be, before it moved; empty otherwise.
        done, found, open: after a visit: machines that are right, what was seen on the way, what is left.
    """

    when: str
    before: str
    site: str
    address: str
    who: str
    prepare: str
    machines: tuple[str, ...]
    done: tuple[str, ...]
    found: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter that is ready."""

    letter: Letter
    to: str
    subject: str
    text: str
    html: str
    ics: bytes


def compose(letter: Letter, scene: Scene, house: House, *, why_moved: str = "") -> Composed:
    """Write a letter.

    The first line of the text template is the subject (``Subject: ...``), so that one template says both.

    Raises:
        InputError: a company's own template is wrong.
    """
    speech = language(letter.language)
    client = scene.fleet.client[letter.client_id]
    values = _values(letter, scene, house, speech, why_moved or speech.say("moved_unsaid"))
    written = render(f"notices/{letter.occasion.value}.txt.j2", values, house.templates)
    head, _, text = written.partition("\n")
    if not head.startswith("Subject: "):
        raise InputError(f"template {letter.occasion.value}.txt.j2: its first line must be 'Subject: ...'")
    html = render(f"notices/{letter.occasion.value}.html.j2", values, house.templates)
    ics = _invitations(letter, scene, house) if letter.occasion in INVITING else b""
    return Composed(letter, client.email, " ".join(head[9:].split()), _tidy(text), html, ics)


def _tidy(text: str) -> str:
    """One empty line where a template left several."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def name_of(composed: Composed, house: House) -> str:
    """A letter's name: the same letter has the same one."""
    letter = composed.letter
    about = "|".join(f"{one.visit_id} {one.promise.starts_at.isoformat()}" for one in letter.matters)
    mark = sha256(f"{letter.language}|{about}|{composed.text}".encode()).hexdigest()[:10]
    return f"{house.campaign_id}-{letter.client_id}-{letter.occasion.value}-{mark}"


def _values(letter: Letter, scene: Scene, house: House, speech: Language, why_moved: str) -> Mapping[str, object]:
    client = scene.fleet.client[letter.client_id]
    first = letter.matters[0]
    return {
        "t": speech.say,
        "lang": speech.code,
        "company": house.company,
        "client": client.name,
        "reason": scene.reason,
        "notice": scene.notice.get(speech.code) or scene.notice.get("en", ""),
        "why_moved": why_moved,
        "first_date": speech.date(_local(first, scene).date()),
        "visits": [_line(one, scene, speech) for one in letter.matters],
        "occasion": letter.occasion.value,
    }


def _line(matter: Matter, scene: Scene, speech: Language) -> VisitLine:
    visit = visit_of(scene, matter.visit_id)
    site = scene.fleet.site[visit.site_id]
    zone, onsite = ZoneInfo(site.timezone), visit.mode is VisitMode.ONSITE
    done, found, still_open = _afterwards(visit, scene, speech)
    return VisitLine(
        when=_span(matter.promise, zone, speech),
        before=_span(matter.before, zone, speech) if matter.before else "",
        site=site.name,
        address=site.address,
        who=speech.say("onsite" if onsite else "remote", person=_who(scene, matter.promise.person_id)),
        prepare=speech.say("prepare_onsite" if onsite else "prepare_remote"),
        machines=tuple(scene.fleet.host[host_id].name for host_id in visit.host_ids),
        done=done,
        found=found,
        open=still_open,
    )


def _who(scene: Scene, person_id: PersonId) -> str:
    """Who comes; of a partner's person also the partner, so that nobody wonders about a strange name on a card."""
    person = scene.crew.engineer.get(person_id)
    if person is None:
        return person_id
    partner = scene.crew.partner.get(person.partner_id) if person.partner_id else None
    return f"{person.name} ({partner.name})" if partner else person.name


def _span(promise: Promise, zone: ZoneInfo, speech: Language) -> str:
    starts, ends = promise.starts_at.astimezone(zone), promise.ends_at.astimezone(zone)
    offset = f"{starts:%z}"
    return speech.say(
        "span",
        date=speech.date(starts.date()),
        start=speech.time(starts),
        end=speech.time(ends),
        zone=f"{zone.key.rpartition('/')[2].replace('_', ' ')}, UTC{offset[:3]}:{offset[3:]}",
    )


def _afterwards(visit: Visit, scene: Scene, speech: Language) -> tuple[Texts, Texts, Texts]:
    """Machines that are right, what was seen on the way, and a sentence for each machine that is not right."""
    states = [scene.states[host_id] for host_id in visit.host_ids if host_id in scene.states]
    done = tuple(_name(scene, one.host_id) for one in states if one.status.protected)
    found = tuple(dict.fromkeys(text for one in states if one.finding for text in one.finding.advice))
    left = tuple(
        speech.say(_open(one.status), machine=_name(scene, one.host_id)) for one in states if not one.status.protected
    )
    return done, found, left


def _open(status: HostStatus) -> str:
    if status in DECISION:
        return "open_decision"
    return "open_unreachable" if status in NOT_REACHED else "open_again"


def _name(scene: Scene, host_id: HostId) -> str:
    return scene.fleet.host[host_id].name


def _local(matter: Matter, scene: Scene) -> datetime:
    site = scene.fleet.site[visit_of(scene, matter.visit_id).site_id]
    return matter.promise.starts_at.astimezone(ZoneInfo(site.timezone))


def _invitations(letter: Letter, scene: Scene, house: House) -> bytes:
    """One visit is an invitation that can be answered; several are entries, because an invitation is about one.

    What is called off is taken out of the client's calendar in the same way.
    """
    single, off = len(letter.matters) == 1, letter.occasion is Occasion.CALLED_OFF
    entries = [_appointment(one, letter, scene, house, invited=single) for one in letter.matters]
    invitation = "CANCEL" if off else "REQUEST"
    return calendar(entries, name=house.company, at=scene.now, method=invitation if single else "PUBLISH")


def _appointment(matter: Matter, letter: Letter, scene: Scene, house: House, *, invited: bool) -> Appointment:
    visit = visit_of(scene, matter.visit_id)
    site = scene.fleet.site[visit.site_id]
    speech = language(letter.language)
    line = _line(matter, scene, speech)
    zone = ZoneInfo(site.timezone)
    return Appointment(
        uid=f"{matter.visit_id}@{house.campaign_id}.muster",
        title=f"{house.company}: {site.name}",
        text=f"{scene.reason}\n\n{line.who}\n{line.prepare}\n\n{', '.join(line.machines)}",
        place=site.address if visit.mode is VisitMode.ONSITE else "",
        starts=matter.promise.starts_at.astimezone(zone),
        ends=matter.promise.ends_at.astimezone(zone),
        sequence=scene.told.times.get(matter.visit_id, 0),
        organizer=house.sender if invited else "",
        attendee=scene.fleet.client[letter.client_id].email if invited else "",
        cancelled=letter.occasion is Occasion.CALLED_OFF,
    )
