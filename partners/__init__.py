"""Partners and money: who was vetted and signed, what they may see and do, what is offered, owed and earned.

Pure values and functions. ``ledger/`` keeps them, ``flows/`` brings them together with plans, and ``scheduler/`` knows
only what ``partners.projection`` makes of them.
"""
