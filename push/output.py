"""Keep the beginning and the end of what a host says, and count what lies between."""

from collections import deque

TAIL_SHARE = 4
"""One part in this many is kept for the end: the last lines say how it went."""


class Capture:
    """Takes any amount of bytes and keeps at most ``limit_bytes`` of them."""

    def __init__(self, limit_bytes: int) -> None:
        self._tail_limit = limit_bytes // TAIL_SHARE
        self._head_limit = limit_bytes - self._tail_limit
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take what came."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= self._tail_limit:
            gone = self._tail.popleft()
            self._tail_bytes -= len(gone)
            self._dropped += len(gone)

    @property
    def dropped_bytes(self) -> int:
        """How much was not kept."""
        return self._dropped + max(0, self._tail_bytes - self._tail_limit)

    def text(self) -> str:
        """What was kept, decoded; what is not UTF-8 is replaced."""
        tail = b"".join(self._tail)[-self._tail_limit :]
        dropped = self.dropped_bytes
        if not dropped:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        gap = f"\n[... {dropped} bytes left out ...]\n"
        return bytes(self._head).decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")
