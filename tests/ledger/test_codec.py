"""Documents come out of JSON as they went in, whatever is in them."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.codec import CLIENT, ENGINEER, EVIDENCE, HOST, PARTNER, PLAN, SITE, campaign_from_text, campaign_to_plain
from muster.campaign import Campaign
from muster.crew import Engineer, Partner
from muster.fleet import Client, Host, Site
from muster.outcomes import Evidence
from muster.plan import Plan

_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_instants = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_common = {str: _texts, float: _floats, datetime: _instants}
for _kind, _strategy in _common.items():
    st.register_type_strategy(_kind, _strategy)

QUICK = settings(max_examples=40)


@QUICK
@given(st.from_type(Plan))
def test_plans(plan: Plan) -> None:
    text = PLAN.to_text(plan)
    assert PLAN.from_text(text) == plan
    assert PLAN.from_text(json.dumps(json.loads(text))) == plan, "as PostgreSQL gives it back: other blanks"


@QUICK
@given(st.builds(Campaign, parameters=st.dictionaries(_texts, _texts)))
def test_campaigns(campaign: Campaign) -> None:
    assert campaign_from_text(json.dumps(campaign_to_plain(campaign))) == campaign


@QUICK
@given(st.from_type(Evidence))
def test_evidence(evidence: Evidence) -> None:
    assert EVIDENCE.from_text(EVIDENCE.to_text(evidence)) == evidence


@QUICK
@given(st.from_type(Client), st.from_type(Site), st.from_type(Host))
def test_the_fleet(client: Client, site: Site, host: Host) -> None:
    assert CLIENT.from_plain(json.loads(json.dumps(CLIENT.to_plain(client)))) == client
    assert SITE.from_plain(json.loads(json.dumps(SITE.to_plain(site)))) == site
    assert HOST.from_plain(json.loads(json.dumps(HOST.to_plain(host)))) == host


@QUICK
@given(st.from_type(Engineer), st.from_type(Partner))
def test_the_crew(engineer: Engineer, partner: Partner) -> None:
    assert ENGINEER.from_plain(json.loads(json.dumps(ENGINEER.to_plain(engineer)))) == engineer
    assert PARTNER.from_plain(json.loads(json.dumps(PARTNER.to_plain(partner)))) == partner
