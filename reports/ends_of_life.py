"""When operating systems stop getting security updates from their makers, by what a host says it runs.

Dates are those that the makers publish for standard support (Debian: the end of LTS), without paid extensions. A system
that is not here is not known, which is not the same as supported.
"""

import re
from datetime import date

ENDS: tuple[tuple[str, date], ...] = (
    (r"debian (gnu/linux )?8\b", date(2020, 6, 30)),
    (r"debian (gnu/linux )?9\b", date(2022, 6, 30)),
    (r"debian (gnu/linux )?10\b", date(2024, 6, 30)),
    (r"debian (gnu/linux )?11\b", date(2026, 8, 31)),
    (r"debian (gnu/linux )?12\b", date(2028, 6, 30)),
    (r"ubuntu 14\.04", date(2019, 4, 30)),
    (r"ubuntu 16\.04", date(2021, 4, 30)),
    (r"ubuntu 18\.04", date(2023, 5, 31)),
    (r"ubuntu 20\.04", date(2025, 5, 31)),
    (r"centos (linux )?(release )?6\b", date(2020, 11, 30)),
    (r"centos (linux )?(release )?7\b", date(2024, 6, 30)),
    (r"centos (linux )?(release )?8\b", date(2021, 12, 31)),
    (r"red hat enterprise linux( server)? (release )?7\b|rhel 7\b", date(2024, 6, 30)),
    (r"windows xp", date(2014, 4, 8)),
    (r"windows vista", date(2017, 4, 11)),
    (r"windows 7\b", date(2020, 1, 14)),
    (r"windows 8\.1", date(2023, 1, 10)),
    (r"windows 10\b", date(2025, 10, 14)),
    (r"windows server 2003", date(2015, 7, 14)),
    (r"windows server 2008", date(2020, 1, 14)),
    (r"windows server 2012", date(2023, 10, 10)),
    (r"windows server 2016", date(2027, 1, 12)),
    (r"windows server 2019", date(2029, 1, 9)),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), ends) for pattern, ends in ENDS)


def end_of_life(os_version: str) -> date | None:
    """The last day on which a system gets security updates; None where that is not known here.

    >>> end_of_life("Windows Server 2012 R2"), end_of_life("BeOS")
    (datetime.date(2023, 10, 10), None)
    """
    plain = os_version.replace("Microsoft ", "")
    return next((ends for pattern, ends in _PATTERNS if pattern.search(plain)), None)
