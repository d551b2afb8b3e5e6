"""What a company chooses about forecasts of a campaign."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class ForecastPolicy:
    """When somebody is told that a campaign will probably not be done in time.

    Attributes:
        least_odds: an alert is raised when the odds (0 to 1) that everything is done by the deadline fall under it.
        no_show: the share (0 to 1) of person-days on which somebody is taken not to come.
        failed: the share (0 to 1) of tries at a host that is there which are taken to fail; None where it is learned.
        offline: the share (0 to 1) of tries at which a host is taken to be offline; None where it is learned.
    """

    least_odds: float = 0.8
    no_show: float = 0.01
    failed: float | None = None
    offline: float | None = None


class ForecastSection(BaseModel):
    """``forecast:`` of a campaign file; the meaning of each key is that of ``ForecastPolicy``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_odds: float = Field(default=0.8, ge=0, le=1)
    no_show: float = Field(default=0.01, ge=0, le=1)
    failed: float | None = Field(default=None, ge=0, le=1)
    offline: float | None = Field(default=None, ge=0, le=1)

    def policy(self) -> ForecastPolicy:
        """The same as the campaign carries it."""
        return ForecastPolicy(self.least_odds, self.no_show, self.failed, self.offline)
