"""Whether PDF can be made on this machine."""

from muster.errors import MusterError
from reports.pdf import printer


def can_print() -> bool:
    """Whether one of the two printers is there: Pango for WeasyPrint, or Chromium."""
    try:
        printer()
    except MusterError:
        return False
    return True
