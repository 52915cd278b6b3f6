"""What each role may do to cases of its own area, and that nothing is done to those of another."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd
import pytest
from fastapi.testclient import TestClient
from shapely import box

from cases.accounts import Accounts
from cases.lifecycle import Role
from cases.model import Findings, PatrolRecord, Place
from cases.people import DISTRICT, Account, Area, Scope
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.expanding import Rules
from dispatch.policies import parse_alerts
from geo.formats import read_grid
from review.admission import OPEN_PATHS, Entrance
from review.app import create_app
from review.sources import ReviewData, ReviewSources, open_sources
from tests.cases.test_accounts import PASSWORD, QUICK
from tests.dispatch.alerting import TIMETABLE
from tests.dispatch.routes import table

from .conftest import FLOWN, NOW, PATROL, URL, keep_patrol, make_photo, make_proposal

REED, MILL, SHORE, NONE = (
    Place("320624001001001", "第1网格", "沙岸镇", "东塘村", "张伟"),
    Place("320624001001002", "第2网格", "沙岸镇", "西塘村", "李强"),
    Place("320624002001001", "第3网格", "海口镇", "东塘村", "王芳"),
    Place("320624003001001", "第4网格", "", "", ""),
)
PLACES = (REED, MILL, SHORE, NONE)
OWN, *FOREIGN = (f"20260610-000{number}" for number in range(1, 5))
PHOTOS = ["flight/a", "flight/b", "flight/c", "flight/d", "flight/e"]
"""Of the case of each place in turn; the last one shows no case."""
AREA = Area("沙岸镇", "东塘村")


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> ReviewSources:
    """A case in each of four places, and five photos."""
    root = tmp_path_factory.mktemp("towns")
    frames = tuple(make_photo(root / "photos", name, seed) for seed, name in enumerate(PHOTOS))
    cells = {
        "code": [place.cell_code for place in PLACES],
        "name": [place.cell_name for place in PLACES],
        "town": [place.town for place in PLACES],
        "village": [place.village for place in PLACES],
        "officer": [place.officer for place in PLACES],
        "geometry": [box(120 + n * 0.001, 31.99, 120.001 + n * 0.001, 32.01) for n in range(4)],
    }
    gpd.GeoDataFrame(cells, crs=4326).to_file(root / "cells.gpkg", layer="cells")
    fields = [box(120.0001 + n * 0.001, 31.995, 120.0009 + n * 0.001, 32.0) for n in range(4)]
    gpd.GeoDataFrame(geometry=fields, crs=4326).to_file(root / "zones.gpkg", layer="farmland")
    patrol = PatrolRecord(PATROL, FLOWN, "ab" * 32, {f.photo_id: f.sha256 for f in frames})
    proposals = tuple(
        make_proposal(number, "building.unpermitted", "building", [PHOTOS[number]], place)
        for number, place in enumerate(PLACES)
    )
    with Registry.open(root / "cases.sqlite") as registry:
        registry.file(patrol, Findings(proposals, ()), rulebook=load_rulebook(), now=FLOWN)
    with Accounts.open(root / "cases.sqlite", hasher=QUICK) as accounts:
        for role in Role:
            for area in (AREA, DISTRICT):
                accounts.add(account(role, area), PASSWORD)
    return ReviewSources(
        root / "cases.sqlite",
        (keep_patrol(root / "photos", frames),),
        read_grid(root / "cells.gpkg", code_pattern=None),
        root / "zones.gpkg",
    )


def account(role: Role, area: Area) -> Account:
    name = f"{role.value}.{'district' if area.is_district else 'village'}"
    return Account(name=name, display_name=f"The {name}", roles=(role,), area=area)


@pytest.fixture
def data(filed: ReviewSources, tmp_path: Path) -> Iterator[ReviewData]:
    """A copy that the test may change."""
    path = tmp_path / "cases.sqlite"
    path.write_bytes(Path(filed.registry).read_bytes())
    with open_sources(replace(filed, registry=path)) as opened:
        yield opened


class Doors:
    """Opens browsers, and signs in with them."""

    def __init__(self, data: ReviewData, opened: ExitStack) -> None:
        entrance = Entrance(data.accounts)
        self._app, self._opened = create_app(data, entrance=entrance, clock=lambda: NOW), opened

    def browser(self) -> TestClient:
        return self._opened.enter_context(TestClient(self._app, base_url=URL))

    def signed_in(self, role: Role, area: Area = AREA) -> TestClient:
        client = self.browser()
        body = {"name": account(role, area).name, "password": PASSWORD}
        assert client.post("/api/session", json=body).status_code == 200
        return client


@pytest.fixture
def doors(data: ReviewData) -> Iterator[Doors]:
    with ExitStack() as opened:
        yield Doors(data, opened)


@dataclass(frozen=True)
class Endpoint:
    """A route, how it is asked for a case and photo, and what it answers to each role."""

    method: str
    path: str
    body: dict[str, object] | None = None
    query: str = ""
    own: int = 200
    roles: frozenset[Role] = frozenset(Role)
    is_of_case: bool = False

    def ask(self, client: TestClient, case_no: str, photo: str, version: int = 1):
        url = self.path.replace("{case_no}", case_no).replace("{feature_id}", case_no)
        url = url.replace("{photo_id}", quote(photo)) + self.query.replace("{case_no}", case_no)
        if self.body is None:
            return client.request(self.method, url)
        one = [{"no": case_no, "version": version}]
        known: dict[object, object] = {"case_no": case_no, "version": version, "one_case": one}
        known["photo_id"] = photo
        return client.request(
            self.method,
            url,
            json={key: known.get(str(value), value) for key, value in self.body.items()},
        )


REVIEWERS = frozenset({Role.INSPECTOR, Role.COMMAND, Role.ADMINISTRATOR})
DECIDERS = frozenset({Role.INSPECTOR, Role.ADMINISTRATOR})
ENDPOINTS = (
    Endpoint("GET", "/api/session"),
    Endpoint("POST", "/api/session/renew", {}, own=204),
    Endpoint("GET", "/api/health"),
    Endpoint("GET", "/api/vocabulary"),
    Endpoint("GET", "/api/summary"),
    Endpoint("GET", "/api/precision"),
    Endpoint("GET", "/api/cases"),
    Endpoint("GET", "/api/cases", query="?after={case_no}", is_of_case=True),
    Endpoint("GET", "/api/cases/{case_no}", is_of_case=True),
    Endpoint("GET", "/api/cases/{case_no}/history", is_of_case=True),
    Endpoint("GET", "/api/cases/{case_no}/crop.jpg", is_of_case=True),
    Endpoint("GET", "/api/cases/{case_no}/way.svg", is_of_case=True),
    Endpoint(
        "GET", f"/api/cases/{{case_no}}/photos/{'ab' * 32}.jpg", own=404, is_of_case=True
    ),
    Endpoint("GET", "/api/photos/{photo_id}.jpg", is_of_case=True),
    Endpoint(
        "GET", "/api/cases/{case_no}/before", query=f"?patrol={PATROL}&photo=flight/a", own=204,
        is_of_case=True,
    ),
    Endpoint(
        "GET", "/api/cases/{case_no}/before.jpg", query=f"?patrol={PATROL}&photo=flight/a",
        own=404, is_of_case=True,
    ),
    Endpoint("GET", "/api/photos/{photo_id}.jpg", query=f"?patrol={PATROL}", is_of_case=True),
    Endpoint("GET", "/api/photos/{photo_id}.jpg", query="?max=64", is_of_case=True),
    Endpoint("GET", "/api/flights", roles=frozenset()),  # of the whole district only
    Endpoint("GET", "/api/gaps/1.geojson", roles=frozenset()),
    Endpoint("GET", "/api/refly/1.zip", roles=frozenset()),
    *(  # photos show more than one village
        Endpoint("GET", f"/api/stac{path}", roles=frozenset())
        for path in ("", "/conformance", "/collections", "/collections/photos", "/search")
    ),
    Endpoint("POST", "/api/stac/search", {}, roles=frozenset()),
    Endpoint("GET", "/metrics", roles=frozenset()),  # of the whole district only
    Endpoint("GET", "/api/figures"),
    Endpoint("GET", "/api/district"),
    Endpoint("GET", "/api/alerts"),
    Endpoint("GET", "/api/layers/cells.geojson"),
    Endpoint("GET", "/api/layers/zones.geojson"),
    Endpoint("GET", "/ogc"),
    Endpoint("GET", "/conformance"),
    Endpoint("GET", "/collections"),
    Endpoint("GET", "/collections/cases"),
    Endpoint("GET", "/collections/cells/items"),
    Endpoint("GET", "/collections/cases/items"),
    Endpoint("GET", "/collections/cases/items", query="?bbox=119,31,121,33"),
    Endpoint("GET", "/collections/patrols/items"),
    Endpoint("GET", "/collections/cases/items/{feature_id}", is_of_case=True),
    Endpoint("POST", "/api/claims/next", {}, roles=REVIEWERS),
    Endpoint(
        "POST", "/api/claims/next", {"after": "case_no"}, own=204, roles=REVIEWERS,
        is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/claim", {}, roles=REVIEWERS, is_of_case=True
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/renew", {}, roles=REVIEWERS, is_of_case=True
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/release", {}, own=204, roles=REVIEWERS,
        is_of_case=True,
    ),
    Endpoint("GET", "/api/cases/{case_no}/near", is_of_case=True),
    Endpoint(
        "POST", "/api/cases/{case_no}/unsure", {"version": "version"}, roles=DECIDERS,
        is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/class", {"version": "version", "class_name": "building"},
        own=422, roles=DECIDERS, is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/snooze", {"version": "version", "days": 7, "reason": ""},
        own=422, roles=DECIDERS, is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/merge",
        {"version": "version", "other": "case_no", "other_version": "version"},
        own=409, roles=DECIDERS, is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/split",
        {"version": "version", "outlines": [{"patrol_id": PATROL, "photo_id": PHOTOS[0]}]},
        own=409, roles=DECIDERS, is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/decision", {"decision": "confirm", "version": "version"},
        roles=DECIDERS, is_of_case=True,
    ),
    Endpoint(
        "POST", "/api/cases/{case_no}/outline",
        {"patrol_id": PATROL, "photo_id": "photo_id", "index": 0, "version": "version",
         "corners": [[500, 400], [620, 400], [620, 480]]},
        roles=DECIDERS, is_of_case=True,
    ),
    Endpoint("POST", "/api/decisions", {"decision": "undo", "cases": "one_case"}),
    Endpoint("GET", "/api/accounts", roles=frozenset()),  # of the whole district only
    Endpoint("GET", "/api/account-log", roles=frozenset()),
    Endpoint(
        "POST", "/api/accounts",
        {"name": "new", "display_name": "New", "roles": ["officer"], "town": "海口镇"},
        roles=frozenset(),
    ),
    *(
        Endpoint("POST", f"/api/accounts/officer.district/{step}", body, roles=frozenset())
        for step, body in (
            ("change", {"roles": ["administrator"]}), ("password", {}), ("lock", {}),
            ("unlock", {}),
        )
    ),
    Endpoint("GET", "/api/tokens"),
    Endpoint("POST", "/api/tokens", {"label": "map", "scopes": ["read"]}, own=201),
    Endpoint("POST", "/api/tokens/00000000/revoke", {}, own=404),
)  # fmt: skip
TEMPLATES = {
    f"/api/cases/{{case_no}}/photos/{'ab' * 32}.jpg": "/api/cases/{case_no}/photos/{sha256}.jpg",
    "/api/layers/cells.geojson": "/api/layers/{layer}.geojson",
    "/api/layers/zones.geojson": "/api/layers/{layer}.geojson",
    "/api/gaps/1.geojson": "/api/gaps/{cell}.geojson",
    "/api/refly/1.zip": "/api/refly/{sortie}.zip",
    **{f"/api/accounts/officer.district/{step}": f"/api/accounts/{{name}}/{step}"
       for step in ("change", "password", "lock", "unlock")},
    "/api/tokens/00000000/revoke": "/api/tokens/{token_id}/revoke",
    "/api/stac/collections/photos": "/api/stac/collections/{name}",
    "/collections/cases": "/collections/{name}",
    **{f"/collections/{name}/items": "/collections/{name}/items"
       for name in ("cells", "cases", "patrols")},
    "/collections/cases/items/{feature_id}": "/collections/{name}/items/{feature_id}",
}  # fmt: skip
ELSEWHERE = {
    ("post", "/api/session"), ("post", "/api/session/end"), ("post", "/api/session/password"),
    ("get", "/api/openid/start"), ("get", "/api/openid/return"),  # test_single_sign_on
    ("get", "/api/events"),  # never ends: test_live
    ("post", "/api/drawings"), ("post", "/api/cases/{case_no}/photos"),
    ("get", "/api/alerts/{token}"), ("post", "/api/alerts/{token}/acknowledge"),
}  # fmt: skip
"""Tried in test_signing_in, and below: the link of an alert needs nobody to sign in."""


def tells_of(answer, places: tuple[Place, ...], numbers: list[str]) -> bool:
    """Whether an answer holds a number, town, cell or officer of some places."""
    words = {p.cell_code for p in places} | {p.officer for p in places if p.officer}
    told = answer.text if "json" in answer.headers.get("content-type", "") else ""
    return any(word in told for word in (*words, *numbers))


def test_every_role_at_every_endpoint_has_its_area_and_no_other(
    data: ReviewData, doors: Doors, capsys
):
    lines = []
    for role in Role:
        client = doors.signed_in(role)
        for entry in ENDPOINTS:
            version = data.registry.case(OWN).version
            own = entry.ask(client, OWN, PHOTOS[0], version)
            wanted = entry.own if role in entry.roles else 403
            assert own.status_code == wanted, (role, entry, own.text)
            foreign = [
                entry.ask(client, number, photo).status_code
                for number, photo in zip(FOREIGN, PHOTOS[1:4], strict=True)
            ]
            if entry.is_of_case:
                refused = {404} if role in entry.roles else {403, 404}
                assert refused >= set(foreign), (role, entry)
            else:
                assert not tells_of(own, PLACES[1:], FOREIGN), (role, entry, own.text)
            shown = " ".join(map(str, foreign)) if entry.is_of_case else "not shown"
            request = f"{entry.method:4} {entry.path + entry.query:52}"
            lines.append(f"{role.value:14} {request} {own.status_code} {shown}")
        undo(data)
    with capsys.disabled():
        print(f"\n{'role':14} {'request':57} own foreign", *lines, sep="\n")
    assert data.registry.verify_chain().is_intact
    for number in FOREIGN:
        assert data.registry.case(number).version == 1


def undo(data: ReviewData) -> None:
    """Put the own case back to where every role begins."""
    case = data.registry.case(OWN)
    if case.stage == "established":
        data.registry.decide(
            OWN, "undo", actor="The undoing", expected_version=case.version, now=NOW
        )


def test_the_table_has_every_route(doors: Doors):
    paths = doors.browser().get("/api/openapi.json").json()["paths"]
    there = {(method, path.replace(":path}", "}")) for path, of in paths.items() for method in of}
    tried = {(e.method.lower(), TEMPLATES.get(e.path, e.path)) for e in ENDPOINTS}
    assert there == tried | ELSEWHERE


def test_nobody_comes_in_without_signing_in(doors: Doors):
    client = doors.browser()
    for entry in ENDPOINTS:
        answer = entry.ask(client, OWN, PHOTOS[0])
        wanted = 200 if entry.path in OPEN_PATHS else 401
        assert answer.status_code == wanted, entry
        assert not tells_of(answer, PLACES, [OWN, *FOREIGN])
    assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/api/health").json() == {"status": "ok", "cases": None, "photos": None}
    assert set(client.get("/api/session").json()) == {"asks_who", "person", "single_sign_on"}
    assert {
        "/", "/command", "/api/session", "/api/session/end", "/api/openid/start",
        "/api/openid/return", "/api/health",
    } == OPEN_PATHS  # fmt: skip


def draw(client: TestClient, photo: str, west_px: float):
    corners = [[west_px, 700], [west_px + 90, 700], [west_px + 90, 790], [west_px, 790]]
    named = {"patrol_id": PATROL, "photo_id": photo, "class_name": "building"}
    return client.post("/api/drawings", json={**named, "corners": corners})


def test_missed_objects_are_drawn_in_photos_and_places_of_ones_own_area(
    data: ReviewData, doors: Doors
):
    assert draw(doors.browser(), PHOTOS[0], 900).status_code == 401
    client = doors.signed_in(Role.INSPECTOR)
    for photo in (*PHOTOS[1:], "../cases", "flight/x"):
        assert draw(client, photo, 900).status_code == 404
    outside = draw(client, PHOTOS[0], 100)
    assert (outside.status_code, "outside" in outside.json()["why"][0]["en"]) == (422, True)
    for role in (Role.OFFICER, Role.OPERATOR, Role.COMMAND):
        assert draw(doors.signed_in(role), PHOTOS[0], 900).status_code == 403
    assert len(data.registry.cases()) == 4
    assert draw(client, PHOTOS[0], 900).json()["village"] == AREA.village


def test_photos_are_sent_for_cases_of_ones_own_area(doors: Doors):
    kind = {"Content-Type": "image/jpeg"}
    url = "/api/cases/{}/photos"
    assert doors.browser().post(url.format(OWN), content=b"", headers=kind).status_code == 401
    for role in Role:
        client = doors.signed_in(role)
        statuses = {
            number: client.post(url.format(number), content=b"", headers=kind).status_code
            for number in (OWN, *FOREIGN, "../20260610-0002", "%2e%2e")
        }
        assert statuses.pop(OWN) == 422
        assert set(statuses.values()) <= {404, 415}


ALERTS = """
version = "test"
[[policies]]
category = "building.*"
events = ["file"]
to = ["department"]
channels = ["page"]
"""


def test_alerts_are_listed_for_the_area_and_their_links_open_to_all(data: ReviewData, doors: Doors):
    tokens = (f"token-{number}" for number in range(100))
    rules = Rules(parse_alerts(ALERTS, "alerts.toml"), table(), lambda: next(tokens), TIMETABLE)
    while data.outbox.refresh(rules, NOW):
        pass
    told = [
        case for n in doors.signed_in(Role.OFFICER).get("/api/alerts").json() for case in n["cases"]
    ]
    assert told == [OWN]
    client = doors.signed_in(Role.COMMAND, DISTRICT)
    every = {case for notice in client.get("/api/alerts").json() for case in notice["cases"]}
    assert every == {OWN, *FOREIGN}
    stranger = doors.browser()
    assert stranger.get("/api/alerts").status_code == 401
    assert stranger.get("/alerts").status_code == 200
    assert stranger.get("/api/alerts/token-0").json()["case_no"] in every
    assert stranger.post("/api/alerts/token-0/acknowledge", json={}).status_code == 200


def test_reading_shows_what_is_of_the_area(doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    assert [item["no"] for item in client.get("/api/cases").json()["items"]] == [OWN]
    assert client.get("/api/cases").json()["total"] == 1
    assert client.get("/api/summary").json()["to_review"] == 1
    cells = client.get("/api/layers/cells.geojson").json()["features"]
    assert [cell["properties"]["code"] for cell in cells] == [REED.cell_code]
    assert len(client.get("/api/layers/zones.geojson").json()["features"]) == 1
    assert client.get("/collections/cases/items").json()["numberMatched"] == 1
    [patrol] = client.get("/collections/patrols/items").json()["features"]
    assert patrol["properties"]["new"] == 1
    cells_of = "/collections/cells/items"
    shown = [client.get(f"{cells_of}/{place.cell_code}").status_code for place in PLACES]
    assert shown == [200, 404, 404, 404]
    assert client.get("/api/health").json()["cases"] == 1


def test_the_district_has_every_case_those_of_no_town_too(doors: Doors):
    for role in Role:
        client = doors.signed_in(role, DISTRICT)
        assert client.get("/api/cases").json()["total"] == 4
        for number in (OWN, *FOREIGN):
            assert client.get(f"/api/cases/{number}").status_code == 200


def test_photos_that_show_no_case_are_for_those_who_fly_and_command(doors: Doors):
    for role, area in product(Role, (AREA, DISTRICT)):
        sees_all = role in (Role.OPERATOR, Role.COMMAND, Role.ADMINISTRATOR)
        client = doors.signed_in(role, area)
        shown = [client.get(f"/api/photos/{photo}.jpg").status_code == 200 for photo in PHOTOS]
        in_district = [True] * 4 + [sees_all]
        assert shown == (in_district if area.is_district else [True] + [False] * 4)


PROBES = (
    "' OR '1'='1", "20260610-0001'--", "20260610-0002' UNION SELECT 1--", "%", "_", "20260610-000_",
    "../20260610-0002", "20260610-0001/../20260610-0002", "20260610-0002\x00", "20260610-0002 ",
    "２０２６0610-0002", "20260610-0002%00", "*", "null", "-1", "0x1",
    "20260610-0002;DROP TABLE cases",
)  # fmt: skip


def test_no_spelling_of_an_id_leads_over_the_wall(data: ReviewData, doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    for probe in PROBES:
        try_everywhere(client, quote(probe, safe=""))
    assert len(data.registry.cases()) == 4


def try_everywhere(client: TestClient, quoted: str) -> None:
    for path in (
        f"/api/cases/{quoted}", f"/api/cases/{quoted}/history", f"/api/cases/{quoted}/crop.jpg",
        f"/api/photos/{quoted}.jpg", f"/collections/cases/items/{quoted}",
        f"/api/cases?after={quoted}", f"/api/photos/flight/b.jpg?patrol={quoted}",
        f"/api/layers/{quoted}.geojson", f"/collections/{quoted}/items",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
    for query in (f"category={quoted}", f"cell={quoted}"):
        assert client.get(f"/api/cases?{query}").json()["items"] == []


def test_a_cell_of_another_area_is_an_empty_choice(doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    page = client.get(f"/api/cases?cell={MILL.cell_code}").json()
    assert (page["items"], page["total"]) == ([], 0)
    assert client.post("/api/claims/next", json={"cell": MILL.cell_code}).status_code == 204


def decision(**more) -> dict:
    return {"decision": "confirm", "version": 1, **more}


def test_decisions_are_signed_by_the_account_and_in_its_role(data: ReviewData, doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    url = f"/api/cases/{OWN}/decision"
    forged = client.post(url, json=decision(actor="The command.village"))
    assert (forged.status_code, "has signed in" in forged.json()["detail"]) == (403, True)
    assert client.post(url, json=decision(role="administrator")).status_code == 403
    assert client.get(f"/api/cases/{OWN}?role=command").status_code == 403
    assert data.registry.case(OWN).version == 1
    assert client.post(url, json=decision(actor="The inspector.village")).status_code == 200
    last = data.registry.history(OWN)[-1]
    assert (last.actor, last.details["role"]) == ("The inspector.village", "inspector")


def test_a_role_of_several_is_chosen_with_each_request(data: ReviewData, doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    client.post(f"/api/cases/{OWN}/decision", json=decision())
    roles = (Role.INSPECTOR, Role.COMMAND)
    data.accounts.change("inspector.village", roles=roles, area=AREA)
    assert client.get(f"/api/cases/{OWN}").json()["allowed"] == ["reject", "undo"]
    assert "assign" in client.get(f"/api/cases/{OWN}?role=command").json()["allowed"]
    assign = {"decision": "assign", "version": 2, "role": "command"}
    assert client.post(f"/api/cases/{OWN}/decision", json=assign).status_code == 200


def test_who_is_moved_to_another_area_sees_that_at_once(data: ReviewData, doors: Doors):
    client = doors.signed_in(Role.INSPECTOR)
    data.accounts.change("inspector.village", roles=(Role.INSPECTOR,), area=Area("海口镇"))
    assert client.get(f"/api/cases/{OWN}").status_code == 404
    assert [item["no"] for item in client.get("/api/cases").json()["items"]] == [FOREIGN[1]]


@pytest.mark.parametrize(
    ("scopes", "reads", "decides"),
    [((Scope.READ,), 200, 403), ((Scope.DECIDE,), 403, 200), (tuple(Scope), 200, 200)],
)
def test_a_token_does_what_it_is_for_in_the_area_of_its_account(
    data: ReviewData, doors: Doors, scopes, reads: int, decides: int
):
    ask = {"life": timedelta(days=1), "now": NOW}
    token = data.accounts.add_token("inspector.village", "a program", scopes, **ask)
    client = doors.browser()
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.get(f"/api/cases/{OWN}").status_code == reads
    assert client.get(f"/api/cases/{FOREIGN[0]}").status_code == (404 if reads == 200 else 403)
    for number, wanted in ((OWN, decides), (FOREIGN[0], 404 if decides == 200 else 403)):
        answer = client.post(f"/api/cases/{number}/decision", json=decision())
        assert answer.status_code == wanted
    client.headers["Authorization"] = f"Bearer {token}x"
    assert client.get("/api/cases").status_code == 401


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 404), (Scope.DECIDE, 403)])
def test_a_search_by_post_reads(data: ReviewData, doors: Doors, scope: Scope, status: int):
    ask = {"life": timedelta(days=1), "now": NOW}
    token = data.accounts.add_token("operator.district", "a program", (scope,), **ask)
    client = doors.browser()
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.post("/api/stac/search", json={}).status_code == status  # 404: there is no index
