"""Letters as files, while no SMTP server is set."""

from email.message import EmailMessage
from pathlib import Path

from muster.files import write_whole
from reports.sending.answers import Answer, Fate, OutletTrouble
from reports.sending.names import file_name


def write_letter(folder: Path, key: str, letter: EmailMessage) -> Answer:
    """Write it; the same key is the same file.

    Raises:
        OutletTrouble: the folder cannot be written to.
    """
    path = folder / f"{file_name(key)}.eml"
    try:
        write_whole(path, letter.as_bytes())
    except OSError as error:
        raise OutletTrouble(f"{path}: cannot be written: {error.strerror or error}") from None
    return Answer(Fate.TAKEN, f"written to {path}: no SMTP server is set")
