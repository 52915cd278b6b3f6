"""Patrols on the page: what lies in the folders of flights, and what is in the air now."""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import box
from starlette.websockets import WebSocketDisconnect

from cases.lifecycle import Role
from cases.people import Account, Area
from flight.fly import FlightResult
from flight.journal import Journal, write_summary
from flight.log import TlogWriter
from flight.progress import FlightProgress
from flight.verdict import Verdict, sha256_of, write_verdict
from geo.grid import Cell, Grid
from geo.track import Track
from missions.airspace import EMPTY, Airspace
from missions.check import check
from missions.drones import drone_named
from missions.findings import Severity
from missions.mission_json import read_sortie, write_sortie
from missions.safe_survey import limits_of
from pipeline.planning import survey_settings
from pipeline.settings import Planning
from review.app import create_app
from review.flights import LIVE_S, FlightShelf
from review.patrolled import gaps_of
from review.reflying import Grounds
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK
from tests.flight.sorties import small_sortie

from .conftest import NOW, URL
from .serving import served

SORTIE = small_sortie()
LIVE = "ws://127.0.0.1:8765/api/flights/live"
MIDDLE = (SORTIE.home.lon_deg, SORTIE.home.lat_deg)


def verdict(sha256: str, *, passed: bool = True) -> Verdict:
    return Verdict(
        sortie=SORTIE.code, mission_sha256=sha256, completed=True, problem=None, seed=1,
        wind_m_s=5.0, wind_from_deg=0.0, gust_m_s=7.0, cross_track_rms_m=0.5,
        cross_track_worst_m=1.0, least_flown_share=1.0, photos_planned=12, photos_taken=12,
        photos_missed=0, passed=passed, backend="built-in",
        scenarios={"calm": True, "wind": passed},
    )  # fmt: skip


def flown(folder: Path) -> FlightResult:
    return FlightResult(
        SORTIE.code, False, "the battery was low", Track((), ()), 61.0, (), ("AUTO", "RTL"), 0.31,
        folder / "flight.tlog",
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan that passed simulation, and a flight of it that was broken off."""
    root = tmp_path / "flights"
    mission = root / "plans" / f"{SORTIE.code}.mission.json"
    mission.parent.mkdir(parents=True)
    write_sortie(mission, SORTIE)
    proof = root / "simulated" / SORTIE.code
    proof.mkdir(parents=True)
    write_verdict(proof, verdict(sha256_of(mission)))
    flight = root / "flown" / SORTIE.code / "flight_20260610T020000Z"
    flight.mkdir(parents=True)
    write_summary(flight, SORTIE, flown(flight))
    return root


class Recording:
    """Writes a recording and its journal as `fly` does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._writer = TlogWriter(folder / "flight.tlog")
        self._writer.FLUSH_S = -1.0
        self._sender = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
        self._journal = Journal(folder / "journal.jsonl")
        self._at_ms = 0

    def fly(self, seconds: int) -> None:
        for _ in range(seconds):
            self._at_ms += 1000
            east = int(MIDDLE[0] * 1e7) + self._at_ms // 10
            place = mavlink.MAVLink_global_position_int_message(
                self._at_ms, int(MIDDLE[1] * 1e7), east, 0, 40_000, 500, 0, 0, 0
            )
            self._writer.write(bytes(bytearray(place.pack(self._sender))))
        self._journal.progress(
            FlightProgress(
                SORTIE.code,
                "flight",
                "AUTO",
                self._at_ms / 1000,
                60.0,
                self._at_ms // 1000,
                20,
                3,
                12,
                40.0,
                5.0,
                0.8,
            )
        )

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def recording(folder: Path) -> Iterator[Recording]:
    made = Recording(folder / "flown" / SORTIE.code / "flight_20260611T020000Z")
    yield made
    made.close()


def client_of(data: ReviewData, folder: Path) -> TestClient:
    shelf = FlightShelf((folder,))
    return TestClient(create_app(data, flights=shelf, clock=lambda: NOW), base_url=URL)


def test_a_sortie_says_how_it_was_simulated_and_flown(data: ReviewData, folder: Path):
    with client_of(data, folder) as client:
        [told] = client.get("/api/flights").json()
    assert (told["code"], told["photos_planned"]) == (SORTIE.code, len(SORTIE.photos))
    assert told["line"][0] == pytest.approx(MIDDLE, abs=1e-6)
    assert told["simulated"]["passed"]
    assert told["simulated"]["is_of_this_file"]
    assert told["simulated"]["scenarios"] == {"calm": True, "wind": True}
    [flight] = told["flights"]
    facts = {"completed": False, "problem": "the battery was low", "photos": 0}
    assert facts.items() <= flight.items()


def test_a_file_that_was_changed_is_not_the_one_that_was_simulated(data: ReviewData, folder: Path):
    mission = folder / "plans" / f"{SORTIE.code}.mission.json"
    with client_of(data, folder) as client:
        assert client.get("/api/flights").json()[0]["simulated"]["is_of_this_file"]
        mission.write_text(mission.read_text() + " ")
        os.utime(mission, (1, 1))
        assert not client.get("/api/flights").json()[0]["simulated"]["is_of_this_file"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sortie": 3}', '{"format": "x"}'])
def test_files_that_are_damaged_or_others_are_left_out(
    data: ReviewData, folder: Path, content: str
):
    for path in (
        "plans/b.mission.json", "simulated/b/verdict.json", "flown/b/flight_x/flight.json",
    ):  # fmt: skip
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    with client_of(data, folder) as client:
        assert [entry["code"] for entry in client.get("/api/flights").json()] == [SORTIE.code]


def test_what_flies_is_told_as_it_is_recorded(data: ReviewData, folder: Path, recording: Recording):
    recording.fly(3)
    with (
        client_of(data, folder) as client,
        client.websocket_connect(LIVE) as socket,
    ):
        [first] = socket.receive_json()["flights"]
        assert first["name"] == f"{SORTIE.code}/flight_20260611T020000Z"
        assert len(first["points"]) == 3
        assert first["progress"]["item"] == 3
        recording.fly(2)
        later = []
        while len(later) < 2:
            later += socket.receive_json()["flights"][0]["points"]
    lons = [lon for lon, _, _ in (*first["points"], *later)]
    assert lons == sorted(set(lons))  # each place once, in order
    assert later[-1][2] == 40.0


def test_a_recording_that_grows_no_more_is_of_no_flight(folder: Path, recording: Recording):
    recording.fly(1)
    [path] = folder.rglob("*.tlog")
    assert len(FlightShelf((folder,)).live()) == 1
    old = time.time() - LIVE_S - 1
    os.utime(path, (old, old))
    assert FlightShelf((folder,)).live() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"host": "elsewhere.example", "origin": "http://elsewhere.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_cannot_listen(data: ReviewData, folder: Path, headers):
    with (
        client_of(data, folder) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(LIVE, headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    ("role", "area", "sees"),
    [
        (Role.OPERATOR, Area(), True),
        (Role.COMMAND, Area("沙岸镇"), False),
        (Role.INSPECTOR, Area(), False),
    ],
)
def test_flights_are_for_operators_and_command_of_the_district(
    data: ReviewData, folder: Path, monkeypatch, role: Role, area: Area, sees: bool
):
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    data.accounts.add(Account(name="chen", display_name="Chen", roles=(role,), area=area), PASSWORD)
    with client_of(data, folder) as client:
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(LIVE),
        ):
            pass  # nobody has signed in
        client.post("/api/session", json={"name": "chen", "password": PASSWORD})
        assert client.get("/api/flights").status_code == (200 if sees else 403)
        if sees:
            with client.websocket_connect(LIVE) as socket:
                assert socket.receive_json() == {"flights": []}
        else:
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(LIVE),
            ):
                pass


def test_gaps_are_what_no_photo_shows():
    cell = Cell("1", "", "", "", "", box(120.0, 32.0, 120.01, 32.01))
    [gap] = gaps_of(cell, [box(119.0, 31.0, 120.006, 33.0), box(120.0099999, 31.0, 121.0, 33.0)])
    assert gap.bounds == pytest.approx((120.006, 32.0, 120.0099999, 32.01))
    assert gaps_of(cell, [box(119, 31, 121, 33)]) == []


def test_gaps_of_a_cell_are_a_file_that_other_programs_open(client: TestClient):
    answer = client.get("/api/gaps/320624001001002.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    assert len(json.loads(answer.content)["features"]) == 1
    assert client.get("/api/gaps/none.geojson").status_code == 404


WEST = "320624001001001"


@pytest.fixture
def half_seen(data: ReviewData, tmp_path: Path) -> tuple[ReviewData, FlightShelf]:
    """A small cell at whose eastern side the photos of the district were taken, and its sortie."""
    cell = Cell(WEST, "", "", "", "", box(119.998, 31.999, 120.0002, 32.001))
    write_sortie(
        tmp_path / "W.mission.json", replace(SORTIE, code="W-1", cell_codes=(WEST,), gsd_m=0.03)
    )
    return replace(data, grid=Grid([cell])), FlightShelf((tmp_path,))


def refly(data: ReviewData, shelf: FlightShelf, airspace: Airspace | None, code: str = "W-1"):
    app = create_app(data, flights=shelf, grounds=Grounds(Planning(), airspace), clock=lambda: NOW)
    return TestClient(app, base_url=URL).get(f"/api/refly/{code}.zip")


def test_the_gaps_of_a_sortie_come_as_files_that_pass_the_check(half_seen, tmp_path: Path):
    answer = refly(*half_seen, EMPTY)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="W-1-refly.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    [path, *_] = sorted((tmp_path / "out").glob("*.mission.json"))
    sortie = read_sortie(path)
    assert sortie.code.startswith(f"{WEST}-refly")
    assert sortie.cell_codes == (WEST,)
    # the photos show 30 m around 120 E: what is flown again lies west of that
    assert min(item.lon_deg for item in sortie.items if item.lon_deg) < 119.9985
    findings = check(
        sortie, limits_of(survey_settings(Planning())), None, EMPTY, drone_named(sortie.drone_key)
    )
    assert not [found for found in findings if found.severity is Severity.ERROR]


def test_without_airspace_nothing_is_planned(half_seen):
    refused = refly(*half_seen, None)
    assert refused.status_code == 409
    assert "--airspace" in refused.json()["detail"]


def test_a_sortie_that_nobody_knows_or_a_cell_without_grid_is_refused(half_seen):
    data, shelf = half_seen
    assert refly(data, shelf, EMPTY, "X-1").status_code == 404
    elsewhere = replace(data, grid=Grid([]))
    assert refly(elsewhere, shelf, EMPTY).status_code == 409


def test_the_page_draws_a_flight_while_it_is_recorded(
    data: ReviewData, folder: Path, recording: Recording, open_page
):
    recording.fly(3)
    with served(create_app(data, flights=FlightShelf((folder,)), clock=lambda: NOW)) as address:
        page = open_page(address, "command#/patrols", also=address.replace("http", "ws"))
        page.get_by_text("simulation passed").wait_for()
        page.get_by_text("the battery was low").wait_for()
        row = page.locator(".live-flights li")
        row.get_by_text("item 3/20").wait_for()
        recording.fly(4)
        row.get_by_text("item 7/20").wait_for()
        page.get_by_role("button", name=SORTIE.code).click()
        page.get_by_text("✓ wind").wait_for()
        page.context.close()
