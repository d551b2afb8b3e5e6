"""Travel times from files, and from routing services: asked over HTTP, in their documented formats."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from inventory import travel_times
from inventory.travel_times import CACHE_FILE, Osrm, RoutedTravel, Valhalla, read_table, travel_of
from muster.errors import ImportRejected, InputError, MusterError, PlanError, SettingsError
from muster.fleet import Place
from scheduler.travel import LONGEST_MINUTES, SpeedTravel, Spot

HERE, THERE, FAR = Place(49.28, -123.12), Place(49.17, -123.14), Place(49.9, -119.5)
SPOTS = (Spot("home:kim", HERE), Spot("site:a", THERE), Spot("site:b", FAR), Spot("site:c", None))


@dataclass
class Roads:
    """A routing service: seconds are 600 a degree of latitude and 60 a degree of longitude, going north 100 more.

    Attributes:
        most: coordinates in one question; more are refused, as both services do.
        failing: so many questions are answered with an error first.
        answer: instead of a right answer.
    """

    most: int = 100
    failing: int = 0
    answer: tuple[int, object] | None = None
    no_way: bool = False
    silent: bool = False
    asked: list[int] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def seconds(self, one: tuple[float, float], other: tuple[float, float]) -> float | None:
        if self.no_way and FAR.latitude in {one[0], other[0]} and one != other:
            return None
        north = 100 if other[0] > one[0] else 0
        return abs(one[0] - other[0]) * 600 + abs(one[1] - other[1]) * 60 + north

    def osrm(self, path: str) -> tuple[int, object]:
        """https://project-osrm.org/docs/v5.24.0/api/#table-service."""
        url = urlsplit(path)
        assert url.path.startswith("/table/v1/driving/"), path
        pairs = [tuple(map(float, pair.split(","))) for pair in url.path.rsplit("/", 1)[1].split(";")]
        places = [(latitude, longitude) for longitude, latitude in pairs]
        query = {key: value[0] for key, value in parse_qs(url.query).items()}
        assert query["annotations"] == "duration"
        self.asked.append(len(places))
        if len(places) > self.most:
            return 400, {"code": "TooBig", "message": "Too many table coordinates"}
        rows = [places[int(number)] for number in query["sources"].split(";")]
        columns = [places[int(number)] for number in query["destinations"].split(";")]
        return 200, {"code": "Ok", "durations": [[self.seconds(one, other) for other in columns] for one in rows]}

    def valhalla(self, path: str, body: dict[str, Any]) -> tuple[int, object]:
        """https://valhalla.github.io/valhalla/api/matrix/api-reference/."""
        assert path == "/sources_to_targets"
        assert body["costing"] == "auto"
        rows, columns = ([(at["lat"], at["lon"]) for at in body[side]] for side in ("sources", "targets"))
        self.asked.append(len(rows) + len(columns))
        if len(rows) * len(columns) > 2500:
            return 400, {"error_code": 150, "error": "Exceeded max locations", "status_code": 400}
        cells = [
            [
                {"time": self.seconds(one, other), "distance": 1.0, "from_index": a, "to_index": b}
                for b, other in enumerate(columns)
            ]
            for a, one in enumerate(rows)
        ]
        return 200, {"sources_to_targets": cells, "units": "kilometers"}


@contextmanager
def serving(roads: Roads) -> Iterator[str]:
    """The service at an address of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(*roads.osrm(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(*roads.valhalla(self.path, body))

        def reply(self, status: int, document: object) -> None:
            if roads.silent:
                roads.release.wait(60)
                return
            if roads.failing:
                roads.failing -= 1
                status, document = 503, {"message": "busy"}
            elif roads.answer is not None:
                status, document = roads.answer
            body = json.dumps(document).encode() if not isinstance(document, bytes) else document
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        roads.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(travel_times, "PAUSE_S", 0.01)


@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
def test_a_service_tells_the_minutes_each_way_with_the_stop_on_top(tmp_path: Path, kind: str) -> None:
    roads = Roads()
    with serving(roads) as address:
        table = travel_of(f"{kind}:{address}/", tmp_path, 20).matrix(SPOTS)
    there = 0.11 * 600 + 0.02 * 60
    assert table[0, 1] == np.ceil(there / 60 + 12)
    assert table[1, 0] == np.ceil((there + 100) / 60 + 12)
    assert (np.diag(table) == 0).all()
    assert table[0, 3] == SpeedTravel().unknown_minutes, "nobody has said where c is"
    assert len(roads.asked) == 1


@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
def test_many_places_are_asked_for_in_blocks_that_the_services_allow(tmp_path: Path, kind: str) -> None:
    roads = Roads()
    spots = [Spot(f"site:{n}", Place(40 + n / 10, 10 + n % 7)) for n in range(120)]
    with serving(roads) as address:
        table = travel_of(f"{kind}:{address}", tmp_path, 20).matrix(spots)
    assert max(roads.asked) == 100
    assert len(roads.asked) == 9
    for a, b in ((0, 119), (119, 0), (49, 50), (77, 3)):
        one, other = spots[a].place, spots[b].place
        assert one is not None
        assert other is not None
        seconds = roads.seconds((one.latitude, one.longitude), (other.latitude, other.longitude))
        assert table[a, b] == np.ceil((seconds or 0) / 60 + 12 - 1e-9)


def test_answers_are_kept_and_only_what_is_new_is_asked_for(tmp_path: Path) -> None:
    roads = Roads()
    with serving(roads) as address:
        first = travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS[:2])
        again = travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS[:2])
        assert len(roads.asked) == 1
        assert (first == again).all()
        more = travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS[:3])
        assert len(roads.asked) == 2
        assert (more[:2, :2] == first).all()
    assert (travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS[:3]) == more).all(), "the service is gone"


def test_a_broken_file_of_answers_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / CACHE_FILE).write_bytes(b"not a database, whatever it is called" * 100)
    with serving(Roads()) as address:
        assert travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS)[0, 1] == 14


def test_where_there_is_no_way_it_takes_longer_than_any_day(tmp_path: Path) -> None:
    for kind in ("osrm", "valhalla"):
        with serving(Roads(no_way=True)) as address:
            table = travel_of(f"{kind}:{address}", tmp_path, 20).matrix(SPOTS)
        assert table[0, 2] == table[2, 0] == LONGEST_MINUTES
        assert table[0, 1] < 60


def test_a_service_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    roads = Roads(failing=2)
    with serving(roads) as address:
        travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS)
    assert len(roads.asked) == 3


@pytest.mark.parametrize(
    ("roads", "said"),
    [
        (Roads(failing=9), "HTTP 503, tried 3 times"),
        (Roads(answer=(200, b"<html>")), "HTTP 200"),
        (Roads(answer=(200, {"code": "NoTable", "message": "no table"})), "no table"),
        (Roads(answer=(200, {"code": "Ok", "durations": [[0.0]]})), "a table of (1, 1) instead of (3, 3)"),
        (Roads(answer=(200, {"code": "Ok", "durations": [[0, -5, 1]] * 3})), "a table of"),
        (Roads(most=2), "Too many table coordinates"),
        (Roads(answer=(404, ["?"])), "no table in it"),
    ],
)
def test_what_is_no_answer_is_a_sentence(tmp_path: Path, roads: Roads, said: str) -> None:
    with serving(roads) as address, pytest.raises(PlanError) as raised:
        travel_of(f"osrm:{address}", tmp_path, 20).matrix(SPOTS)
    assert said in raised.value.message
    assert "setting travel" in raised.value.hint


def test_a_service_that_says_nothing_costs_its_time_out_and_one_that_is_away_nothing(tmp_path: Path) -> None:
    with serving(Roads(silent=True)) as address, pytest.raises(PlanError) as raised:
        RoutedTravel("osrm", Osrm(address), tmp_path, timeout_s=0.1).matrix(SPOTS)
    assert "no answer (ReadTimeout)" in raised.value.message
    with pytest.raises(PlanError) as raised:
        RoutedTravel("valhalla", Valhalla(address), tmp_path, timeout_s=5).matrix(SPOTS)
    assert "no answer (ConnectError)" in raised.value.message


def test_two_places_in_one_building_are_no_way_apart(tmp_path: Path) -> None:
    spots = (Spot("site:a", HERE), Spot("site:b", Place(HERE.latitude + 1e-5, HERE.longitude)), Spot("site:c", FAR))
    with serving(Roads()) as address:
        table = travel_of(f"osrm:{address}", tmp_path, 20).matrix(spots)
    assert table[0, 1] == 0
    assert table[0, 2] > 12


def test_a_file_lists_ways_in_one_direction_or_both(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("from,to,minutes\nkim,a,20\na,b,30\nb,a,45\nsite:b,home:kim,90\n")
    table = travel_of("t.csv", tmp_path, 20).matrix(SPOTS)
    assert (table[0, 1], table[1, 0]) == (20, 20)
    assert (table[1, 2], table[2, 1]) == (30, 45)
    assert table[0, 2] == 90
    assert table[0, 3] == SpeedTravel().matrix(SPOTS)[0, 3], "what is not in the file is the speed model's"


def test_a_file_may_be_a_square(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",kim,a,b\nkim,0,20,90\na,25,0,\n")
    table = read_table(tmp_path / "t.csv").matrix(SPOTS)
    assert (table[0, 1], table[1, 0], table[0, 2], table[2, 0]) == (20, 25, 90, 90)


def test_lines_that_are_wrong_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("from,to,minutes\nkim,a,soon\n,b,3\nkim,b,99999\n")
    with pytest.raises(ImportRejected) as raised:
        read_table(tmp_path / "t.csv")
    assert [p.place.rsplit(" ", 2)[1:] for p in raised.value.problems] == [["line", str(n)] for n in (2, 3, 4)]
    (tmp_path / "t.csv").write_text(",kim\nkim,0,1\n")
    with pytest.raises(ImportRejected):
        read_table(tmp_path / "t.csv")


def test_settings_and_files_that_are_not_there_are_sentences(tmp_path: Path) -> None:
    assert travel_of("speed", tmp_path, 20) == SpeedTravel()
    wrong: list[tuple[str, type[MusterError]]] = [
        ("osrm", SettingsError),
        ("osrm:localhost", SettingsError),
        ("none.csv", InputError),
    ]
    for setting, kind in wrong:
        with pytest.raises(kind):
            travel_of(setting, tmp_path, 20)
    (tmp_path / "empty.csv").write_text("\n")
    with pytest.raises(InputError):
        travel_of("empty.csv", tmp_path, 20)
