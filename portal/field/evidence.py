"""Photos from the field: judged by content, kept beside the ledger under their hash, given back as they came or not.

The file's name is its SHA-256, which is also what the ledger keeps of it; so a picture that somebody changes on the
disk is found out when it is next looked at.
"""

from hashlib import sha256
from pathlib import Path

from muster.errors import InputError, MusterError, NotFound
from muster.files import write_whole
from portal.field.pictures import bare, media_type
from portal.field.records import Photo

FOLDER = "evidence"
MOST_BYTES = 8_000_000
"""A photo of a telephone is 2 to 5 MB."""
MOST_PHOTOS = 6
TYPES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def keep_photo(workspace: Path, content: bytes) -> Photo:
    """Put a photo beside the ledger, without what it says about itself; the same one twice is one file.

    Raises:
        InputError: it is too large, empty, or no picture.
        MusterError: it cannot be written.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"the photo has {len(content) / 1e6:.1f} MB; the most are {MOST_BYTES / 1e6:.0f} MB")
    content = bare(content)
    kind = media_type(content) or ""
    photo = Photo(sha256(content).hexdigest(), kind, len(content))
    path = _path(workspace, photo)
    try:
        if not path.exists():
            write_whole(path, content)
    except OSError as error:
        raise MusterError(f"the photo cannot be kept: {error.strerror or error}") from None
    return photo


def photo_content(workspace: Path, photo: Photo) -> bytes:
    """A photo as it was sent.

    Raises:
        NotFound: it is not there any more, or not as it was.
    """
    try:
        content = _path(workspace, photo).read_bytes()
    except OSError:
        raise NotFound(f"the photo {photo.sha256[:12]} is not in the workspace's folder {FOLDER}") from None
    if sha256(content).hexdigest() != photo.sha256:
        raise NotFound(f"the photo {photo.sha256[:12]} was changed since it was sent, and is not shown")
    return content


def _path(workspace: Path, photo: Photo) -> Path:
    return workspace / FOLDER / photo.sha256[:2] / f"{photo.sha256}.{TYPES[photo.media_type]}"
