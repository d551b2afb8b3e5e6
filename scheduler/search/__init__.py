"""The compiled search for plans of thousands of visits, and the bound that is proved for them.

``search(touring, start, stop, seed)`` improves a plan until it is told to stop; ``prove(touring, known, seconds)``
bounds every plan from below. The numba-compiled inner loop knows nothing of teams and orders: such visits stand still
while it works, or are held between their neighbours (``ties.py``). Nothing here reads or writes anything but numba's
machine code (``compiled.py``); the first call on a machine compiles for two to four minutes, unless ``warm_up`` was
called.
"""

from scheduler.search.compiled import is_warm
from scheduler.search.lower import Bounded
from scheduler.search.proving import prove
from scheduler.search.run import first, insert_left_out, search
from scheduler.search.warm import warm_up, warming

__all__ = ["Bounded", "first", "insert_left_out", "is_warm", "prove", "search", "warm_up", "warming"]
