"""The rules of conduct that go with every list of visits a partner gets."""

from partners.agreement import SignedAgreement


def conduct(house: str, owner: str, agreement: SignedAgreement) -> tuple[tuple[str, str], ...]:
    """Headed paragraphs, in the order in which somebody on a client's doorstep needs them.

    Args:
        house: the company that the client knows.
        owner: who is called; empty where the client has nobody of its own.
        agreement: what binds the partner, for its figures.
    """
    call = owner or f"the dispatcher of {house}"
    fair = agreement.clauses.non_solicitation
    months = fair.survival_months if fair else 0
    return (
        (
            "How to introduce yourself",
            f"You come for {house}. Say your own name and that {house} sent you. Show your photo card when asked.",
        ),
        (
            "What to do, and what not",
            (
                "Do what stands on the list and nothing else. You need no password of the client and are given none: "
                f"{house} pushes the fix. Do not take pictures, do not write down what you see on screens."
            ),
        ),
        (
            "What not to share",
            (
                "Prices, other clients, other partners, how many machines are wrong, and anything you see or hear. "
                f"It binds until {agreement.binds_until}."
            ),
        ),
        (
            "A significant problem",
            (
                "Somebody is in danger, data may be lost, a machine does not start, or the client is angry: stop, "
                f"leave everything as it is, and call {call} at once, before you leave the site. Smaller things by "
                "message on the same day."
            ),
        ),
        (
            "The client asks for more work",
            f'Say: "I am glad to pass that on to {house}." Note what is wanted and tell {call}: it is recorded as '
            "your referral. Do not offer, quote, or leave a card of your own"
            + (f"; customers and staff are not solicited until {months} months after the end." if months else "."),
        ),
        (
            "When you are done",
            "Claim the visit with its times. It counts when a fresh probe has found every machine right, not before.",
        ),
    )
