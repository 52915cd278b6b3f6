"""How long does it take to find all pictures of a roof among 100,000?

    python -m benchmarks.photo_index --photos 100000

Photos of patrols over 50 areas at 400 places each, a week apart, are put into an index; then roofs
(15 m) and village-sized areas (500 m) at random places are asked for, with and without a span of
time. Pages of 100 are asked for from anywhere in the order of all photos, and of the half of the
areas: `sorted` is what a page costs where all of them are sorted for it. The file is on disk; each
question reads and parses all its answers. Times are of the CPU. As
in `serve`, what was loaded at the start is not looked through for garbage.
"""

import argparse
import gc
import json
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from shapely import Point
from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry

from pipeline.photo_index import PhotoIndex
from review.app import create_app
from review.sources import ReviewData, ReviewSources, open_sources

START = datetime(2026, 1, 1, tzinfo=UTC)
WEST_DEG, SOUTH_DEG = 118.0, 31.0
STEP_DEG = 0.0003  # some 30 m
M_DEG = 1 / 111_000
SIDE = 20
AREAS, ACROSS = 50, 10
QUESTIONS = 300
PAGE = 100
HALF = box(WEST_DEG - 1, SOUTH_DEG - 1, WEST_DEG + 0.02 * ACROSS / 2, SOUTH_DEG + 1)


def item(area: int, place: int, week: int) -> dict[str, Any]:
    """One photo, as the report of a patrol tells it."""
    west = WEST_DEG + 0.02 * (area % ACROSS) + STEP_DEG * (place % SIDE)
    south = SOUTH_DEG + 0.02 * (area // ACROSS) + STEP_DEG * (place // SIDE)
    ground = box(west, south, west + 5 * STEP_DEG, south + 4 * STEP_DEG)
    at = START + timedelta(days=7 * week, seconds=3 * place)
    name = f"area-{area}/DJI_{week:02d}_{place:04d}"
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": mapping(ground),
        "bbox": list(ground.bounds),
        "properties": {
            "datetime": at.isoformat().replace("+00:00", "Z"),
            "gsd": 0.03,
            "aerogrid:patrol": f"patrol-{week * AREAS + area}",
        },
        "links": [],
        "assets": {"photo": {"href": f"{name}.jpg", "aerogrid:sha256": "0" * 64}},
    }


def filled(index: PhotoIndex, photos: int) -> int:
    """Put so many photos in, patrol by patrol; how many patrols these are."""
    count = SIDE * SIDE
    patrols = photos // count
    for patrol in range(patrols):
        week, area = divmod(patrol, AREAS)
        items = [item(area, place, week) for place in range(count)]
        index.put(f"patrol-{patrol}", "0" * 64, items)
    return patrols


def asked(
    index: PhotoIndex,
    patrols: int,
    reach_m: float,
    span: timedelta | None,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Ask for places where photos are; times in milliseconds."""
    times_ms, found = [], 0
    for _ in range(QUESTIONS):
        place = _somewhere(patrols, reach_m, rng)
        started_s = process_time()
        found += len(_answers(index, place, span))
        times_ms.append(1000 * (process_time() - started_s))
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {
        "found_each": round(found / QUESTIONS, 1),
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
    }


def _somewhere(patrols: int, reach_m: float, rng: np.random.Generator) -> BaseGeometry:
    area = int(rng.integers(0, min(patrols, AREAS)))
    return Point(
        WEST_DEG + 0.02 * (area % ACROSS) + rng.uniform(0, SIDE * STEP_DEG),
        SOUTH_DEG + 0.02 * (area // ACROSS) + rng.uniform(0, SIDE * STEP_DEG),
    ).buffer(reach_m * M_DEG)


def _answers(
    index: PhotoIndex, place: BaseGeometry, span: timedelta | None
) -> list[dict[str, Any]]:
    return index.search(place) if span is None else index.search(place, START, START + span)


def paged(
    index: PhotoIndex, area: BaseGeometry, photos: int, rng: np.random.Generator
) -> dict[str, float]:
    """Ask for pages of an area, from anywhere in the order of its photos."""
    weeks = max(1, photos // (SIDE * SIDE * AREAS))
    most_s = 3 * (SIDE * SIDE - 20)  # after which a week has a page left
    times_ms = []
    for _ in range(QUESTIONS):
        at = START + timedelta(days=7 * int(rng.integers(weeks)), seconds=rng.uniform(0, most_s))
        after = at.timestamp(), 0
        started_s = process_time()
        found, _more = index.page(area, after=after, limit=PAGE)
        times_ms.append(1000 * (process_time() - started_s))
        assert len(found) == PAGE
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def sorted_ms(path: Path) -> float:
    """Median time of a page for which all photos are sorted."""
    times_ms = []
    with closing(sqlite3.connect(path)) as read:
        for _ in range(5):
            started_s = process_time()
            rows = read.execute(
                "SELECT ground, item, taken_s, photos.id FROM places JOIN photos USING (id) "
                "ORDER BY taken_s, photos.id"
            ).fetchmany(PAGE)
            times_ms.append(1000 * (process_time() - started_s))
            assert len(rows) == PAGE
    return round(float(np.median(times_ms)), 1)


def asked_over_http(path: Path, patrols: int, rng: np.random.Generator) -> dict[str, float]:
    """Ask the page's API for roofs, first pages of 100; the client's time is in it."""
    times_ms = []
    with registry_of_no_cases() as data:
        app = create_app(data, photo_index=path)
        with TestClient(app, base_url="http://127.0.0.1:8765") as client:
            for _ in range(QUESTIONS):
                roof = _somewhere(patrols, 15, rng)
                asking = f"/api/stac/search?intersects={json.dumps(mapping(roof))}"
                started_s = process_time()
                answer = client.get(asking)
                times_ms.append(1000 * (process_time() - started_s))
                assert answer.json()["numberReturned"] > 0
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


@contextmanager
def registry_of_no_cases() -> Iterator[ReviewData]:
    """What a page shows that has no cases."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_sources(ReviewSources(Path(folder) / "cases.sqlite", ())) as data,
    ):
        yield data


def main() -> None:
    """Fill, ask and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    photos = parser.parse_args().photos
    gc.freeze()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photos.sqlite"
        with PhotoIndex.opened(path, is_new=True) as index:
            patrols = filled(index, photos)
        with PhotoIndex.opened(path) as index:
            week = timedelta(days=7)
            told: dict[str, Any] = {
                "photos": len(index),
                "roof": asked(index, patrols, 15, None, rng),
                "roof_in_a_week": asked(index, patrols, 15, week, rng),
                "village": asked(index, patrols, 500, None, rng),
                "page_of_all": paged(index, box(-180, -90, 180, 90), photos, rng),
                "page_of_half": paged(index, HALF, photos, rng),
                "page_of_all_sorted_ms": sorted_ms(path),
                "roof_over_http": asked_over_http(path, patrols, rng),
                "megabytes": round(path.stat().st_size / 1e6),
            }
    told["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
