"""The kinds of events that the ledger writes itself, and what each does."""

from enum import StrEnum


class Kind(StrEnum):
    """What an event says happened. ``note`` may use any other word, or even one of these: see ``Effect``."""

    INVENTORY_SAVED = "inventory saved"
    CAMPAIGN_OPENED = "campaign opened"
    CAMPAIGN_CHANGED = "campaign changed"
    HOSTS_ENROLLED = "hosts enrolled"
    PROBES_BEGUN = "probes begun"
    PROBED = "probed"
    PROBE_SET_ASIDE = "probe set aside"
    """A probe's answer that came while the host was claimed, or after it had been claimed since the question."""
    PLAN_SAVED = "plan saved"
    PLAN_DISPATCHED = "plan dispatched"
    CLAIMED = "claimed"
    LEASES_RENEWED = "leases renewed"
    FINISHED = "finished"
    RESULT_REFUSED = "result refused"
    """The end of an attempt whose lease had been lost."""
    RECOVERED = "recovered"
    """An attempt whose process is gone, ended as unknown."""
    WAVE_OPENED = "wave opened"
    WAVE_CLOSED = "wave closed"
    STOPPED = "stopped"
    RESUMED = "resumed"
    EXPLAINED = "failures explained"
    """A person said why a host keeps failing; its failures are counted anew."""
    MESSAGE_QUEUED = "message queued"
    MESSAGE_SENT = "message sent"
    MESSAGE_FAILED = "message failed"
    """A message was given up; tries that are to be repeated stand in the outbox only."""
    MESSAGE_CALLED_OFF = "message called off"
    MESSAGE_RETRIED = "message retried"
    """A person had a message tried again that had been given up."""


STEPS_OF_HOSTS = (Kind.CLAIMED, Kind.FINISHED, Kind.PROBED)
"""Nearly all events: one for each host that a push or a probe comes to; the index of events by kind has the others."""

STEPS_OF_PUSHES = (*STEPS_OF_HOSTS, Kind.RECOVERED)
"""What a push and its probes write all the time, and all that they change is how a host stands."""


class Effect(StrEnum):
    """What an event does to what is known; a column of its own, so that a note can never pass for a fact.

    A plan that was made before an event still fits if the event does not ``MOVES``: that is what dispatch asks.
    """

    NONE = "none"
    """Kept for the record: notes, refused results, saved plans."""
    KEEPS = "keeps"
    """Changes a projection, and no plan: renewed leases, questions asked, answers that change no status, waves."""
    MOVES = "moves"
    """Changes what a plan was made from: the inventory, the policy, a host's status, a dispatch, a stop."""
