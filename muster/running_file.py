"""``approvals:`` and ``running:`` of a campaign file: how they are written, and turned into a policy."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from muster.approvals import ApprovalPolicy, ApprovalRule
from muster.running import RunningPolicy


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _names(value: object) -> object:
    """``by: Kim Lee`` means ``by: [Kim Lee]``."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names)]


class RuleSection(_Strict):
    """One of ``approvals:``; the meaning of each key is that of ``ApprovalRule``."""

    by: Names = ()


class MoneySection(RuleSection):
    """``approvals.money``."""

    over_cents: int = Field(ge=0)


def _empty(value: object) -> object:
    """``ramp:`` with nothing behind it means that it needs an approval: on the safe side."""
    return {} if value is None else value


Rule = Annotated[RuleSection | None, BeforeValidator(_empty)]


class ApprovalsSection(_Strict):
    """``approvals:`` of a campaign file; an act that is not named needs nobody's approval."""

    ramp: Rule = None
    money: MoneySection | None = None
    new_client: Rule = None
    rollback: Rule = None

    def policy(self) -> ApprovalPolicy:
        """As the rest of Muster knows it."""
        return ApprovalPolicy(
            ramp=_rule(self.ramp),
            money=_rule(self.money),
            new_client=_rule(self.new_client),
            rollback=_rule(self.rollback),
            money_over_cents=self.money.over_cents if self.money else 0,
        )


class RunningSection(_Strict):
    """``running:`` of a campaign file; the meaning of each key is that of ``RunningPolicy``."""

    visits: Literal["attended", "unattended"] = "attended"
    early_minutes: int = Field(default=30, ge=0)
    late_minutes: int = Field(default=240, ge=0)
    ask_unknown_minutes: int = Field(default=10, ge=1)
    knock_minutes: int = Field(default=15, ge=1)

    def policy(self) -> RunningPolicy:
        """As the rest of Muster knows it."""
        values = self.model_dump(exclude={"visits"})
        return RunningPolicy(unattended=self.visits == "unattended", **values)


def _rule(section: RuleSection | None) -> ApprovalRule | None:
    return None if section is None else ApprovalRule(section.by)


RIGHT_RUNNING = {
    "by": "a list of names such as [Kim Lee, Ana Ruiz]",
    "over_cents": "whole cents such as 2500000",
    "money": "such as {over_cents: 2500000, by: [Ana Ruiz]}",
    "ramp": "such as {by: [Kim Lee]}",
    "new_client": "such as {by: [Kim Lee]}",
    "rollback": "such as {by: [Kim Lee]}",
    "visits": "attended or unattended",
}
"""What would be right, by key."""
