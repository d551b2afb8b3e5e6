"""The office's inbox: what is said outside is seen there, and answered by somebody of ours."""

from muster.ids import VisitId
from muster.messages import Channel
from portal.access import Role
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG, lives_in_edmonton, silent
from tests.portal.world import CAMPAIGN, hosts_of

JSON = {"accept": "application/json"}
V2, V5 = "/engineer/visits/vancouver/v2", "/partner/visits/vancouver/v5"


def test_what_is_said_outside_is_in_the_inbox_and_who_must_know_is_told_at_once(fresh_portal: RunningPortal) -> None:
    with fresh_portal.client(Role.ENGINEER) as kim, fresh_portal.client("cora") as cora:
        said = {"kind": "cannot come", "text": "The car broke down", "key": "inbox-key-1"}
        for _ in range(2):
            assert kim.post(V2 + "/say", data=said, headers=JSON).status_code == 200
        photo = {"photo": ("a.png", PNG, "image/png")}
        problem = {"kind": "problem", "text": "No key", "key": "inbox-key-2"}
        assert kim.post(V2 + "/say", data=problem, files=photo, headers=JSON).status_code == 200
        assert cora.post(V5 + "/answer", data={"answer": "declined", "text": "Cole is away"}).status_code == 303
        assert cora.post(V5 + "/matter", data={"matter": "incident", "text": "A flood"}).status_code == 303
        for other in (kim, cora):
            assert other.get("/inbox").status_code == 404
    with fresh_portal.client(Role.MANAGER) as ana:
        text = ana.get("/inbox").text
        assert all(one in text for one in ("The car broke down", "No key", "Cole is away", "A flood", "incident-1"))
        assert "3 things to see to" in text
        address = text.split('<img src="')[1].split('"')[0]
        assert ana.get(address).content == PNG
    alerts = fresh_portal.world.ledger.messages(channels=[Channel.BOARD])
    kinds = sorted(one.message.kind for one in alerts)
    assert kinds == ["alert cannot-come", "alert field-problem", "alert incident", "alert partner-declined"]


def test_the_office_approves_another_technician_and_grants_another_time(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    for person in ("cole", "cyd"):
        lives_in_edmonton(world, person)
    silent(world, (*hosts_of("harbour-yard")[4:7], *hosts_of("harbour-port")[:-1]))
    with fresh_portal.client("hugo") as hugo, fresh_portal.client("cora") as cora:
        assert cora.post(V5 + "/technician", data={"comes": "cyd", "reason": "holiday"}).status_code == 303
        times = hugo.get("/client/visits/vancouver/v2/times").text
        wanted = times.split('name="starts" value="')[1].split('"')[0]
    with fresh_portal.client(Role.MANAGER) as ana, fresh_portal.client(Role.AUDITOR) as vera:
        assert "Cyd Marsh instead of Cole Tan" in ana.get("/inbox").text
        assert "Approve" not in vera.get("/inbox").text
        assert vera.post("/inbox/swap", data={"key": "swap-1", "answer": "yes"}).status_code == 404
        assert ana.post("/inbox/swap", data={"key": "swap-1", "answer": "yes"}).status_code == 303
        assert _who(fresh_portal, "v5") == ["cyd"]
        with fresh_portal.client("hugo") as hugo:
            assert hugo.post("/client/visits/vancouver/v2/times", data={"starts": wanted}).status_code == 303
        key = ana.get("/inbox").text.split('name="key" value="')[1].split('"')[0]
        assert ana.post("/inbox/time", data={"key": key, "answer": "yes"}).status_code == 303
        assert ana.post("/inbox/time", data={"key": key, "answer": "no"}).status_code == 409
        assert "Another time is asked for" not in ana.get("/inbox").text


def _who(portal: RunningPortal, visit: str) -> list[str]:
    ledger = portal.world.ledger
    dispatched = ledger.dispatched(CAMPAIGN)
    assert dispatched is not None
    return [one.person_id for one in ledger.plan(dispatched.plan_id).assignments if one.visit_id == VisitId(visit)]
