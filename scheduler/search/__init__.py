"""The compiled search for plans of thousands of visits, and the bound that is proved for them.

``search(touring, start, stop, seed)`` improves a plan until it is told to stop; ``prove(touring, known, seconds)``
bounds every plan from below. The numba-compiled inner loop works on the untied visits; visits of several people and
visits that wait for others stay where the start has them. Nothing here reads or writes anything; numba keeps its
compiled code on disk beside these files, and the first call on a machine takes some tens of seconds to compile.
"""

from scheduler.search.lower import Bounded, prove
from scheduler.search.run import first, search, warm_up

__all__ = ["Bounded", "first", "prove", "search", "warm_up"]
