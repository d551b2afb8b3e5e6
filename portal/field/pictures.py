"""What is kept of a picture: what is seen in it, and how it is turned. Where and with what it was taken is not.

A picture is walked through part by part (JPEG: ISO/IEC 10918-1 annex B; PNG: its specification; WebP: RFC 9649), so
that a file which only begins like one, or goes on after its end, is found out.
"""

import struct
import zlib
from collections.abc import Iterator

from muster.errors import InputError

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
_EXIF = b"Exif\0\0"
_TURNED = 0x0112
"""The Exif tag that says how the picture is to be turned."""
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(b"IHDR PLTE tRNS gAMA cHRM sRGB iCCP pHYs bKGD IDAT IEND".split())
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
_WEBP_SAYS_EXIF_XMP = 0x0C


def media_type(content: bytes) -> str | None:
    """What a file is by its first bytes; None where it is no picture that browsers show."""
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(_PNG_HEAD):
        return PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    return None


def bare(content: bytes) -> bytes:
    """The picture without what is said about it.

    Raises:
        InputError: it is no whole picture of a kind that is taken.
    """
    kind = media_type(content)
    try:
        match kind:
            case "image/jpeg":
                return b"".join(_jpeg(content))
            case "image/png":
                return b"".join(_png(content))
            case "image/webp":
                return _webp(content)
    except (struct.error, IndexError, ValueError):
        pass
    raise InputError("this file is no photo", hint="JPEG, PNG and WebP are taken")


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Its segments but for those of applications and comments; the turn is kept, in an Exif of its own."""
    yield content[:2]
    at, seen = 2, False
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xD9:
            if not seen:
                raise ValueError("no picture before its end")
            yield content[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise ValueError("cut short")
        segment = content[at:end]
        if marker == 0xE1 and segment[4:10] == _EXIF:
            yield _turn_only(segment[10:])
        elif marker in {0xE0, 0xE2, 0xEE} or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            yield segment  # its own header, colours, and what is seen
        at = end
        if marker == 0xDA:
            seen, scan = True, at
            at = _end_of_scan(content, at)
            yield content[scan:at]


def _end_of_scan(content: bytes, at: int) -> int:
    while True:
        at = content.index(b"\xff", at)
        if content[at + 1] == 0x00 or 0xD0 <= content[at + 1] <= 0xD7:
            at += 2
        else:
            return at


def _turn_only(tiff: bytes) -> bytes:
    """An Exif segment with the turn alone; nothing where there is none."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (number,) = struct.unpack_from(f"{order}H", tiff, first)
        entries = (struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * n) for n in range(number))
        turn = next((value for tag, _, _, value in entries if tag == _TURNED), 1)
    except (KeyError, struct.error):
        return b""
    if not 2 <= turn <= 8:
        return b""
    body = _EXIF + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _TURNED, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(content: bytes) -> Iterator[bytes]:
    """Its chunks that are seen; each one's sum must be right."""
    yield _PNG_HEAD
    at, kind = len(_PNG_HEAD), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        (crc,) = struct.unpack_from(">I", content, end - 4)
        if zlib.crc32(content[at + 4 : end - 4]) != crc:
            raise ValueError("a chunk is damaged")
        if kind in _PNG_KEPT:
            yield content[at:end]
        at = end


def _webp(content: bytes) -> bytes:
    """Its chunks that are seen; the header says no more that there is Exif or XMP."""
    (size,) = struct.unpack_from("<I", content, 4)
    end, at, made = 8 + size, 12, []
    if end > len(content) + 1:
        raise ValueError("cut short")
    while at + 8 <= min(end, len(content)):
        kind, length = struct.unpack_from("<4sI", content, at)
        chunk = bytearray(content[at : at + 8 + length + length % 2])
        if len(chunk) < 8 + length:
            raise ValueError("cut short")
        if kind == b"VP8X":
            chunk[8] &= ~_WEBP_SAYS_EXIF_XMP & 0xFF
        if kind in _WEBP_KEPT:
            made.append(bytes(chunk))
        at += 8 + length + length % 2
    if not any(one[:4] in {b"VP8 ", b"VP8L"} for one in made):
        raise ValueError("no picture")
    body = b"WEBP" + b"".join(made)
    return b"RIFF" + struct.pack("<I", len(body)) + body
