"""Work that goes on beside a block of code, such as looking again and again how far something has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

Wait = Callable[[float], bool]
"""Sleeps for some seconds, at the most until the block is over; whether it is over."""


@contextmanager
def beside(work: Callable[[Wait], None], *, name: str) -> Iterator[None]:
    """Do ``work`` in a thread of that name for the length of the block; it ends when its ``Wait`` says so."""
    left = Event()
    thread = Thread(target=work, args=(left.wait,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()
