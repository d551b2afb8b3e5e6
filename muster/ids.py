"""Identifiers, one type per word, so that a site's id is never handed in where a host's is wanted."""

from typing import NewType

ClientId = NewType("ClientId", str)
SiteId = NewType("SiteId", str)
HostId = NewType("HostId", str)
PersonId = NewType("PersonId", str)
PartnerId = NewType("PartnerId", str)
CampaignId = NewType("CampaignId", str)
FixName = NewType("FixName", str)
VisitId = NewType("VisitId", str)
PlanId = NewType("PlanId", str)
AttemptId = NewType("AttemptId", int)
RunnerId = NewType("RunnerId", str)
"""Who pushes: ``machine:pid:start`` of one process, unique for as long as leases are kept."""
