"""Muster gets a large fleet of client machines fixed before a date that will not move.

This package holds the words of the house (frozen types), the error tree, the settings, the ports that the
other packages implement, and, on top of them all, the command line and the wiring.
"""

import os
import zoneinfo

__version__ = "0.1.0"

# Muster promises local times across clock changes. The machine it stands on may have the very rules that a campaign
# is about to mend, so zones come from the tzdata package of its own environment, unless PYTHONTZPATH says otherwise.
if not os.environ.get("PYTHONTZPATH"):
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
