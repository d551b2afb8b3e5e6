"""The languages of notices: how dates are written, and the sentences of Muster's own templates.

A language that is not here falls back to English; ``known`` says so beforehand. A company's own templates may use the
sentences (``t("when")``) or bring their own.
"""

from dataclasses import dataclass
from datetime import date, datetime

from reports.notices.sentences import DE, EN, ES, FR


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        day: how a date is written; ``{weekday}``, ``{day}``, ``{month}`` and ``{year}`` are put in.
        clock: how a time of day is written, as ``strftime`` has it.
        sentences: by their names, with places in braces.
    """

    code: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    clock: str
    sentences: dict[str, str]

    def date(self, at: date) -> str:
        """A date in words."""
        return self.day.format(
            weekday=self.weekdays[at.weekday()], day=at.day, month=self.months[at.month - 1], year=at.year
        )

    def time(self, at: datetime) -> str:
        """A time of day."""
        return at.strftime(self.clock)

    def say(self, name: str, **values: object) -> str:
        """A sentence.

        Raises:
            KeyError: there is no such sentence; a template's mistake.
        """
        return self.sentences[name].format(**values)


ENGLISH = Language(
    "en",
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"),
    "{weekday}, {day} {month} {year}",
    "%H:%M",
    EN,
)  # fmt: skip
FRENCH = Language(
    "fr",
    ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
     "décembre"),
    "{weekday} {day} {month} {year}",
    "%H h %M",
    FR,
)  # fmt: skip
GERMAN = Language(
    "de",
    ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
     "Dezember"),
    "{weekday}, {day}. {month} {year}",
    "%H:%M Uhr",
    DE,
)  # fmt: skip
SPANISH = Language(
    "es",
    ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
     "diciembre"),
    "{weekday}, {day} de {month} de {year}",
    "%H:%M",
    ES,
)  # fmt: skip
LANGUAGES = {one.code: one for one in (ENGLISH, FRENCH, GERMAN, SPANISH)}


def known(code: str) -> bool:
    """Whether notices can be written in it; an empty code asks for none in particular."""
    return not code or code.lower()[:2] in LANGUAGES


def language(code: str) -> Language:
    """The language of a code such as ``fr`` or ``fr-CA``; English where it is not known."""
    return LANGUAGES.get(code.lower()[:2], ENGLISH)
