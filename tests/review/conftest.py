"""A small district under review: four cases, three photos, two cells, made from a seed."""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image
from shapely import Polygon, box

from cases import wording
from cases.categories import Words
from cases.model import Findings, Outline, PatrolRecord, Place, Proposal
from cases.registry import Registry
from cases.rule_files import load_rulebook
from geo.camera import Camera
from geo.formats import read_grid
from geo.pose import Attitude, GeoPoint, Pose
from review.app import create_app
from review.holdings import PatrolPhotos
from review.server import listen
from review.sources import ReviewData, ReviewSources, open_sources
from vision.frame_table import write_frames
from vision.model import Frame

PATROL = "2026-06-10-am"
FLOWN = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
WIDTH, HEIGHT = 1200, 900
OBJECT_PX = Polygon([(500, 400), (620, 400), (620, 480), (500, 480)])
WIDE = {"viewport": {"width": 1440, "height": 900}}
URL = "http://127.0.0.1:8765"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def make_photo(folder: Path, photo_id: str, seed: int) -> Frame:
    """Write noise with a red object in it, seen straight down from 100 m above the ground."""
    pixels = np.random.default_rng(seed).integers(60, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[400:481, 500:621] = (220, 30, 30)
    path = folder / f"{photo_id}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=92)
    return Frame(
        photo_id=photo_id,
        path=f"{photo_id}.jpg",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        width_px=WIDTH,
        height_px=HEIGHT,
        taken_at=FLOWN,
        camera=Camera.centred(WIDTH, HEIGHT, 1000.0),
        pose=Pose(GeoPoint(120.0, 32.0, 112.0), Attitude(0.0, -90.0), source="test"),
        gsd_m=0.1,
    )


def keep_patrol(folder: Path, frames: Sequence[Frame], patrol_id: str = PATROL) -> PatrolPhotos:
    """Write the table of a patrol whose photos lie in a folder, beside the folder."""
    table = folder.with_name(f"{folder.name}-{patrol_id}.parquet")
    write_frames(table, frames)
    return PatrolPhotos(patrol_id, folder, table)


EASTERN = Place("320624001001001", "第1网格", "沙岸镇", "东塘村", "张伟")


def make_proposal(
    number: int, category: str, class_name: str, photo_ids: list[str], place: Place = EASTERN
) -> Proposal:
    """Propose a case 100 m east of the one before."""
    rulebook = load_rulebook()
    west = 120.0 + number * 0.001
    return Proposal(
        proposal_id=f"p{number}",
        category=rulebook.category(category),
        class_name=class_name,
        score=0.9 - number / 10,
        polygon=box(west, 32.0, west + 0.0001, 32.0001),
        sigma_m=1.5,
        area_m2=104.0,
        place=place,
        rule_id=rulebook.rules_for(class_name)[0].id,
        rule_version=rulebook.version_label,
        why=(
            wording.seen(class_name, 0.9 - number / 10, 0.5),
            Words("0% in permitted footprints", "0% 位于许可用地范围"),
        ),
        to_check=False,
        observation_ids=(f"o{number}",),
        outlines=tuple(Outline(photo_id, class_name, OBJECT_PX) for photo_id in photo_ids),
        seen_at=FLOWN,
    )


PROPOSALS = (
    (0, "building.unpermitted", "building", ["flight/a", "flight/b"]),
    (1, "burning.straw", "smoke", ["flight/b"]),
    (2, "fishing.gear", "fishing_gear", ["flight/c"]),
    (3, "building.unpermitted", "building", ["flight/c"]),
)


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Frame, ...]]:
    """Write registry, photos, cells and zones once."""
    root = tmp_path_factory.mktemp("district")
    frames = tuple(
        make_photo(root / "photos", f"flight/{name}", seed) for seed, name in enumerate("abc")
    )
    cells = {
        "code": ["320624001001001", "320624001001002"],
        "name": ["第1网格", "第2网格"],
        "geometry": [box(119.99, 31.99, 120.0, 32.01), box(120.0, 31.99, 120.01, 32.01)],
    }
    gpd.GeoDataFrame(cells, crs=4326).to_file(root / "cells.gpkg", layer="cells")
    zones = gpd.GeoDataFrame(geometry=[box(120.0, 31.99, 120.01, 32.0)], crs=4326)
    zones.to_file(root / "zones.gpkg", layer="farmland")
    patrol = PatrolRecord(PATROL, FLOWN, "ab" * 32, {f.photo_id: f.sha256 for f in frames})
    findings = Findings(tuple(make_proposal(*row) for row in PROPOSALS), ())
    with Registry.open(root / "cases.sqlite") as registry:
        registry.file(patrol, findings, rulebook=load_rulebook(), now=FLOWN)
    return root, frames


@pytest.fixture
def sources(tmp_path: Path, district: tuple[Path, tuple[Frame, ...]]) -> ReviewSources:
    """Copy the district, so that a test may change it."""
    original, frames = district
    root = Path(shutil.copytree(original, tmp_path / "district"))
    return ReviewSources(
        root / "cases.sqlite",
        (keep_patrol(root / "photos", frames),),
        read_grid(root / "cells.gpkg", code_pattern=None),
        root / "zones.gpkg",
        feedback=root / "feedback",
    )


@pytest.fixture
def data(sources: ReviewSources) -> Iterator[ReviewData]:
    with open_sources(sources) as opened:
        yield opened


@pytest.fixture
def client(data: ReviewData) -> Iterator[TestClient]:
    with TestClient(create_app(data, clock=lambda: NOW), base_url=URL) as opened:
        yield opened


def wait_in_page(page: Any, condition: str, argument: object = None) -> None:
    """Wait until a condition of JavaScript holds.

    `wait_for_function` of playwright needs `eval`, which our pages allow nobody.
    """
    page.evaluate(
        f"""argument => new Promise(done => {{
          const look = async () => (await ({condition})(argument)) ? done() : setTimeout(look, 20);
          look();
        }})""",
        argument,
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser; skipped where it or playwright is absent."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open pages of a server; anything loaded from elsewhere and any script error fails."""
    contexts, complaints = [], []

    def opened(
        address: str, path: str = "", *, expected: str = "\n", also: str = "data:", **options: Any
    ) -> Any:
        context = chromium.new_context(**{"locale": "en-GB", **WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)  # a loaded machine is slow, not wrong
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: (
                line.type == "error" and expected not in line.text and complaints.append(line.text)
            ),
        )
        own = (address, also, "data:", "blob:")
        page.on(
            "request",
            lambda request: request.url.startswith(own) or complaints.append(request.url),
        )
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def address(data: ReviewData) -> Iterator[str]:
    """Serve the district from a thread."""
    with listen(0) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(data), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def page(address: str, open_page: Callable[..., Any]) -> Any:
    """The page in English, when its first case is there to decide on."""
    opened = open_page(address, expected="409")
    opened.wait_for_selector(".actions .confirm:not([disabled])")
    return opened
