"""Photos lose what is said about them, keep what is seen, and are whole pictures or none."""

import io
from dataclasses import replace

import httpx
import pytest
from PIL import Image

from muster.crew import Crew
from muster.errors import InputError
from muster.fleet import Fleet
from muster.ids import PersonId
from portal.field.pictures import bare, media_type
from portal.manager.common import ROWS
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG

GPS, TURN, MAKER = 0x8825, 0x0112, 0x010F
C2 = "/client/visits/vancouver/v2"


def picture(kind: str, *, turn: int = 1, **more: bool) -> bytes:
    """A picture that says where it was taken and by what."""
    made = Image.new("RGB", (48, 32), "#3a7")
    made.paste((200, 10, 10), (0, 0, 24, 16))
    exif = Image.Exif()
    exif[MAKER], exif[TURN] = "Telephones Ltd", turn
    exif.get_ifd(GPS)[2] = (49.0, 17.0, 12.0)
    out = io.BytesIO()
    made.save(out, kind, exif=exif, **more)
    return out.getvalue()


CASES: list[tuple[str, dict[str, bool]]] = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True, "restart_marker_rows": True}),
    ("PNG", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
]


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_where_it_was_taken_goes_and_what_is_seen_stays(kind: str, more: dict[str, bool]) -> None:
    before = picture(kind, turn=1, **more)
    assert b"Telephones" in before
    after = bare(before)
    assert b"Telephones" not in after
    assert bare(after) == after
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.convert("RGB").tobytes() == other.convert("RGB").tobytes()
        assert not other.getexif().get_ifd(GPS)
    assert bare(before + b"<script>alert(1)</script>") == after


def test_a_picture_stays_turned_as_it_was() -> None:
    with Image.open(io.BytesIO(bare(picture("JPEG", turn=6)))) as one:
        assert dict(one.getexif()) == {TURN: 6}
    with Image.open(io.BytesIO(bare(picture("JPEG")))) as one:
        assert dict(one.getexif()) == {}


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_what_is_cut_short_or_only_begins_like_a_picture_is_none(kind: str, more: dict[str, bool]) -> None:
    whole = bare(picture(kind, turn=1, **more))
    for length in (*range(0, 40, 3), len(whole) // 2, len(whole) - 5):
        with pytest.raises(InputError, match="no photo"):
            bare(whole[:length])
    with pytest.raises(InputError):
        bare(whole[:12] + b"<html><script>alert(1)</script></html>" * 20)
    assert media_type(b"GIF89a") is None


def test_people_give_themselves_a_face_and_a_partner_gives_one_to_its_people(fresh_portal: RunningPortal) -> None:
    folder = fresh_portal.world.settings.workspace / "people"

    def send(client: httpx.Client, content: bytes, **person: str) -> int:
        return client.post("/photo", files={"photo": ("me.jpg", content, "image/jpeg")}, data=person).status_code

    with fresh_portal.client("kim") as kim, fresh_portal.client("nils") as nils, fresh_portal.client("hugo") as hugo:
        assert kim.get("/photo/kim").status_code == 404
        assert send(kim, picture("JPEG")) == 303
        mine = kim.get("/photo/kim")
        assert (mine.headers["content-type"], b"Telephones" in mine.content) == ("image/jpeg", False)
        assert hugo.get(C2 + "/photo").content == mine.content
        assert send(kim, PNG) == 303
        assert [one.name for one in folder.iterdir()] == ["kim.png"], "one face for one person"
        assert send(kim, b"<svg/>") == 400
        assert send(nils, PNG, person="pat") == 303
        assert nils.get("/photo/pat").content == PNG
        for person in ("kim", "cole", "nobody", "../portal"):
            assert send(nils, PNG, person=person) == 404, person
            assert nils.get(f"/photo/{person}").status_code == 404, person
        assert send(hugo, PNG) == 404
        assert kim.post("/photo/remove", data={}).status_code == 303
        assert kim.get("/photo/kim").status_code == 404
    assert [one.name for one in folder.iterdir()] == ["pat.png"]
    events = fresh_portal.world.ledger.events(limit=100_000)
    assert [one.kind.removeprefix("portal: photo ") for one in events if one.kind.startswith("portal: photo")] == [
        "set", "set", "set", "removed",
    ]  # fmt: skip


def test_a_manager_gives_a_face_to_the_companys_people_and_to_no_partners(fresh_portal: RunningPortal) -> None:
    ledger, folder = fresh_portal.world.ledger, fresh_portal.world.settings.workspace / "people"
    before = len(ledger.events(limit=100_000))
    with fresh_portal.client("ana") as ana, fresh_portal.client("vera") as vera, fresh_portal.client("hugo") as hugo:

        def send(person: str, content: bytes = PNG, token: str = ana.headers["x-csrf-token"]) -> int:
            files, headers = {"photo": ("me.jpg", content, "image/jpeg")}, {"x-csrf-token": token}
            return ana.post("/photo", files=files, data={"person": person}, headers=headers).status_code

        page = ana.get("/photo").text
        assert all(one in page for one in ("Kim Lee", "Omar Haddad", "Photos of your people"))
        assert not [one for one in ("Pat Roy", "Nia Bell", "Cole Tan", "Cyd Marsh") if one in page]
        assert send("kim", picture("JPEG")) == 303
        seen = ana.get("/photo/kim")
        assert (seen.headers["content-type"], b"Telephones" in seen.content) == ("image/jpeg", False)
        assert hugo.get(C2 + "/photo").content == seen.content
        assert send("omar", b"<svg/>") == 400
        assert send("omar", token="a" * 64) == 400
        for person in ("pat", "cole", "nobody", "../portal"):
            assert send(person) == 404, person
            assert ana.get(f"/photo/{person}").status_code == 404, person
            assert ana.post("/photo/remove", data={"person": person}).status_code == 404, person
        assert [one.name for one in folder.iterdir()] == ["kim.jpg"]
        assert vera.get("/photo").status_code == 404
        assert vera.post("/photo/remove", data={"person": "kim"}).status_code == 404
        assert ana.post("/photo/remove", data={"person": "kim"}).status_code == 303
    assert list(folder.iterdir()) == []
    made = [one for one in ledger.events(limit=100_000)[before:] if one.kind.startswith("portal: photo")]
    assert [(one.kind, one.data["person"]) for one in made] == [
        ("portal: photo set", "kim"), ("portal: photo removed", "kim"),
    ]  # fmt: skip
    assert all("ana" in one.by for one in made)


def test_more_people_than_a_page_holds_are_shown_page_by_page(fresh_portal: RunningPortal) -> None:
    ledger = fresh_portal.world.ledger
    kim = next(one for one in ledger.crew().engineers if one.id == "kim")
    more = tuple(replace(kim, id=PersonId(f"z{n:02}"), name=f"Zed {n:02}") for n in range(ROWS))
    ledger.save_inventory(Fleet(), Crew(engineers=more), by="test")
    with fresh_portal.client("ana") as ana:
        first, second = ana.get("/photo").text, ana.get("/photo?page=2").text
        sent = ana.post("/photo", files={"photo": ("a.png", PNG, "image/png")}, data={"person": f"z{ROWS - 1:02}"})
    assert (first.count('class="card face-card"'), second.count('class="card face-card"')) == (ROWS, 2)
    assert "page 1 of 2" in first
    assert sent.headers["location"] == "/photo?page=2"
