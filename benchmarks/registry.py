"""Does a registry of a million cases answer the map and the queue at once, on both databases?

    python -m benchmarks.registry [--cases 1000000] [--keep FOLDER] [--match 100000]

Cases of a district of 1156 cells, filed over years and mostly closed, are written through the
journal that filing uses (evidence, statements, hash chain); only their later steps are left out.
Their rows are copied to PostgreSQL, where Debian's is installed. Then the queue is asked with
filters, its first page and deep ones, and the map with windows from a street to the district, as
the district, a town and a village see them: p95 of wall time and of CPU time, that of PostgreSQL's
process added. `--match N` instead files N sights of N open cases.
"""

import argparse
import json
import math
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import Polygon
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from cases.categories import Category, Words
from cases.chain import filing_hash
from cases.database import connect, writing
from cases.filing import propose
from cases.journal import Journal
from cases.lifecycle import Stage
from cases.matching import match as related
from cases.model import Case, Evidence, FilingEntry, FilingResult, PatrolRecord, Place
from cases.moving import copy_rows
from cases.people import DISTRICT, Area
from cases.registry import Registry
from cases.rows import filing_values
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.standing import sight_of, told
from cases.tables import FilingRow
from cases.zones import NO_ZONES
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from tests.cases.postgres import server
from vision.model import Observation

FIRST_DAY = datetime(2024, 1, 1, 2, 0, tzinfo=UTC)
PER_PATROL = 1000
CELLS_A_SIDE = 34
"""1156 cells, as in the reference district of 1157."""
SIDE_M = 30_500.0
"""A square of 930 km2."""
WEST, SOUTH = 120.0, 32.0
M_PER_DEG = 111_000.0
STAGES = {
    Stage.CLOSED: 0.72,
    Stage.REJECTED: 0.12,
    Stage.REPORTED: 0.08,
    Stage.HANDLING: 0.03,
    Stage.ASSIGNED: 0.02,
    Stage.ESTABLISHED: 0.015,
    Stage.FED_BACK: 0.01,
    Stage.SUSPENDED: 0.004,
    Stage.WITHDRAWN: 0.001,
}
ASKED = 100
PAGE = 101
"""One more than the page that the review shows, as its API asks."""
WINDOWS_M = (200.0, 1000.0, 3000.0, 10_000.0, SIDE_M)
WHY = (Words("0% in permitted footprints", "0% 位于许可用地范围"),)


def draw_case(number: int, patrol: PatrolRecord, category: Category, rng: random.Random) -> Case:
    """Make a case of a patrol somewhere in the district, thicker in a few towns than outside."""
    east, north = _draw_place(rng)
    lon_deg, lat_deg = WEST + east / M_PER_DEG / 0.848, SOUTH + north / M_PER_DEG
    column, row = (min(CELLS_A_SIDE - 1, int(v / SIDE_M * CELLS_A_SIDE)) for v in (east, north))
    code = f"320624{column:03d}{row:03d}001"
    place = Place(code, f"cell {code[6:]}", f"town {column % 13}", f"village {row % 21}", "Li Wei")
    seen_at = patrol.flown_at + timedelta(seconds=number)
    pose = Pose(GeoPoint(lon_deg, lat_deg, 112.0), Attitude(12.0, -90.0), source="photo tags")
    return Case(
        case_no=f"{patrol.flown_at:%Y%m%d}-{number:04d}",
        category=category.code,
        class_name=category.code.partition(".")[0],
        stage=rng.choices(list(STAGES), list(STAGES.values()))[0],
        urgency=category.urgency,
        score=round(rng.uniform(0.4, 1.0), 4),
        polygon=_outline(lon_deg, lat_deg, rng),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        sigma_m=round(rng.uniform(0.3, 3.0), 2),
        area_m2=round(rng.uniform(20, 400), 1),
        place=place,
        rule_id="building-outside-permit",
        rule_version="2026.1+1a2b3c4d",
        model_sha256=patrol.model_sha256,
        why=WHY,
        to_check=rng.random() < 0.05,
        patrol_id=patrol.patrol_id,
        last_patrol_id=patrol.patrol_id,
        first_seen=seen_at,
        last_seen=seen_at,
        gone_at=None,
        evidence=(
            Evidence(patrol.patrol_id, f"p{number}", f"{number:064x}", "building",
                     Polygon([(500, 400), (620, 400), (620, 480), (500, 480)]), pose),
        ),
        version=0,
    )  # fmt: skip


def _draw_place(rng: random.Random) -> tuple[float, float]:
    if rng.random() < 0.5:
        return rng.uniform(0, SIDE_M), rng.uniform(0, SIDE_M)
    town = rng.randrange(13)
    centre = (SIDE_M * (0.1 + 0.8 * (town % 4) / 3), SIDE_M * (0.1 + 0.8 * (town // 4) / 3))
    east, north = (min(max(rng.gauss(c, 1500.0), 0.0), SIDE_M) for c in centre)
    return east, north


def _outline(lon_deg: float, lat_deg: float, rng: random.Random) -> Polygon:
    turn, size = rng.uniform(0, math.pi / 2), rng.uniform(4e-5, 1e-4)
    corners = [turn + k * math.pi / 4 for k in range(8)]
    return Polygon([(lon_deg + size * math.cos(a), lat_deg + size * math.sin(a)) for a in corners])


def fill(path: Path, cases: int, seed: int) -> float:
    """Write patrols of a thousand cases each; returns seconds of CPU."""
    rulebook, rng = load_rulebook(), random.Random(seed)
    engine = connect(path, lock_timeout_s=10)
    event.listen(engine, "connect", _without_sync)
    engine.dispose()
    start = time.process_time()
    for number in range(math.ceil(cases / PER_PATROL)):
        size = min(PER_PATROL, cases - number * PER_PATROL)
        with Session(writing(engine)) as session, session.begin():
            _file_patrol(session, number, size, rulebook, rng)
        if number % 50 == 49:
            print(f"{(number + 1) * PER_PATROL} cases", file=sys.stderr)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return time.process_time() - start


def _without_sync(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")


def _file_patrol(
    session: Session, number: int, size: int, rulebook: Rulebook, rng: random.Random
) -> None:
    flown = FIRST_DAY + timedelta(days=number)
    patrol = PatrolRecord(f"patrol-{number}", flown, "a" * 64, {})
    with Journal(session, actor="filing", now=flown) as journal:
        for k in range(1, size + 1):
            case = draw_case(k, patrol, rng.choice(rulebook.categories), rng)
            sight = told(sight_of(case, patrol.patrol_id, is_dated=True))
            journal.record(case, "file", {"patrol": patrol.patrol_id, **sight})
        new = tuple(f"{flown:%Y%m%d}-{k:04d}" for k in range(1, size + 1))
        entry = FilingEntry(
            number + 1, patrol.patrol_id, f"{number:064x}", flown, flown, patrol.model_sha256,
            rulebook.version_label, FilingResult(new=new),
        )  # fmt: skip
        session.add(FilingRow(**filing_values(entry)))
        vouched = {str(entry.filing_id): filing_hash(entry)}
        journal.note("filing", {"patrol": patrol.patrol_id, "filings": vouched})


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of look at the registry; each call asks it somewhere else."""

    name: str
    ask: Callable[[Registry, random.Random], object]


def questions(deep: Sequence[Case]) -> Iterator[Question]:
    """List the looks at the queue, first pages and deep ones, and at the map."""
    codes = [category.code for category in load_rulebook().categories]
    choices: dict[str, Callable[[random.Random], dict[str, Any]]] = {
        "all": lambda rng: {},
        "stage": lambda rng: {"stage": rng.choice(list(STAGES))},
        "stages": lambda rng: {"stage": (Stage.ASSIGNED, Stage.HANDLING)},
        "class": lambda rng: {"category": rng.choice(codes)},
        "cell": lambda rng: {"cell": _cell(rng)},
        "stage+class": lambda rng: {
            "stage": rng.choice(list(STAGES)), "category": rng.choice(codes)
        },
        "stage+class+cell": lambda rng: {
            "stage": rng.choice(list(STAGES)), "category": rng.choice(codes), "cell": _cell(rng)
        },
    }  # fmt: skip
    choices |= {f"{of} {name}": choose for of in _AREAS for name, choose in list(choices.items())}
    for name, choose in choices.items():
        for order in ("urgency", "newest"):
            of = name.partition(" ")[0] if name.startswith(_AREAS) else ""
            yield Question(f"queue {order} {name}, first page", _page(choose, order, (), of))
            yield Question(f"queue {order} {name}, deep page", _page(choose, order, deep, of))
    for side_m in WINDOWS_M:
        for of in ("", *_AREAS):
            yield Question(f"map {side_m:g} m {of}", _window(side_m, {}, of))
            reported = {"stage": Stage.REPORTED}
            yield Question(f"map {side_m:g} m {of}, reported", _window(side_m, reported, of))


_AREAS = ("town", "village")


def _area(of: str, place: Place) -> Area:
    """The town or village of a place, as somebody's area; else the district."""
    if not of:
        return DISTRICT
    return Area(place.town, place.village if of == "village" else "")


def _place(rng: random.Random) -> Place:
    column, row = rng.randrange(CELLS_A_SIDE), rng.randrange(CELLS_A_SIDE)
    return Place(town=f"town {column % 13}", village=f"village {row % 21}")


def _cell(rng: random.Random) -> str:
    column, row = rng.randrange(CELLS_A_SIDE), rng.randrange(CELLS_A_SIDE)
    return f"320624{column:03d}{row:03d}001"


def _page(
    choose: Callable[[random.Random], dict[str, Any]], order: Any, deep: Sequence[Case], of: str
) -> Callable[[Registry, random.Random], object]:
    def ask(registry: Registry, rng: random.Random) -> object:
        choice = choose(rng)
        last = rng.choice(deep) if deep else None
        limited = registry.within(_area(of, last.place if last else _place(rng)))
        limited.count(**choice)  # the page tells it
        after = last.case_no if last else None
        return limited.cases(**choice, order=order, after=after, limit=PAGE)

    return ask


def _window(
    side_m: float, choice: dict[str, Any], of: str
) -> Callable[[Registry, random.Random], object]:
    def ask(registry: Registry, rng: random.Random) -> object:
        east, north = (rng.uniform(0, max(SIDE_M - side_m, 1e-6)) for _ in range(2))
        west, south = WEST + east / M_PER_DEG / 0.848, SOUTH + north / M_PER_DEG
        bbox = (west, south, west + side_m / M_PER_DEG / 0.848, south + side_m / M_PER_DEG)
        limited = registry.within(_area(of, _place(rng)))
        return limited.cases(**choice, bbox=bbox, limit=PAGE)

    return ask


def cursors(registry: Registry, rng: random.Random) -> list[Case]:
    """Draw cases from anywhere in the registry to go on after."""
    days = [FIRST_DAY + timedelta(days=entry.filing_id - 1) for entry in registry.filings()]
    drawn = [f"{rng.choice(days):%Y%m%d}-{rng.randint(1, PER_PATROL):04d}" for _ in range(200)]
    return [registry.case(number) for number in drawn]


def measure(
    registry: Registry, seed: int, server_cpu_s: Callable[[], float] = lambda: 0.0
) -> dict[str, dict[str, float]]:
    """Ask every question many times; milliseconds, p95; CPU is this process's and the server's."""
    rng = random.Random(seed)
    told = {}
    for question in questions(cursors(registry, rng)):
        question.ask(registry, rng)
        taken = [_timed(question, registry, rng, server_cpu_s) for _ in range(ASKED)]
        wall, cpu = (np.percentile([1000 * entry[k] for entry in taken], 95) for k in (0, 1))
        told[question.name] = {"wall_ms": round(float(wall), 1), "cpu_ms": round(float(cpu), 1)}
        print(f"  {question.name}: {told[question.name]}", file=sys.stderr, flush=True)
    return told


def _timed(
    question: Question, registry: Registry, rng: random.Random, server_cpu_s: Callable[[], float]
) -> tuple[float, float]:
    server = server_cpu_s()
    wall, cpu = time.perf_counter(), time.process_time()
    question.ask(registry, rng)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu + server_cpu_s() - server


def backends_cpu(url: str) -> Callable[[], float]:
    """Make what tells the CPU seconds that a database's other connections have used so far."""
    engine = create_engine(url)
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        pids = [int(row[0]) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    files = [Path(f"/proc/{pid}/schedstat") for pid in pids]  # first number: nanoseconds on a CPU
    return lambda: sum(int(file.read_text().split()[0]) for file in files if file.exists()) / 1e9


def worst(told: dict[str, dict[str, float]], kind: str, of: str) -> dict[str, float]:
    """The largest p95 of the queue's or the map's questions, of towns, villages or the district."""
    of_kind = [
        entry for name, entry in told.items() if name.startswith(kind) and _asked_of(name) == of
    ]
    return {key: max(entry[key] for entry in of_kind) for key in ("wall_ms", "cpu_ms")}


def _asked_of(name: str) -> str:
    return next((of for of in _AREAS if of in name), "district")


def copy_to_postgresql(path: Path, url: str) -> float:
    """Copy a SQLite registry into an empty database, as `migrate` does; seconds by the clock."""
    start = time.perf_counter()
    source, target = connect(path, lock_timeout_s=10), connect(url, lock_timeout_s=10)
    with writing(source).begin() as old, writing(target).begin() as new:
        copy_rows(old, new, "the benchmark's server")
    copied_s = time.perf_counter() - start
    with target.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    for engine in (source, target):
        engine.dispose()
    return copied_s


def match(path: Path, number: int) -> dict[str, float]:
    """File so many sights of as many open cases; seconds of CPU and the highest memory.

    Reading the cases and matching to them is timed by itself first; filing does both again, and
    writes evidence, statements and history.
    """
    rulebook, side = load_rulebook(), math.ceil(math.sqrt(number))
    frame = LocalFrame(WEST, SOUTH)
    with Registry.open(path) as registry:
        findings = propose(_houses(number, side, frame, 0.0), rulebook, NO_ZONES, on=None)
        first = PatrolRecord("first", FIRST_DAY, "a" * 64, {"p": "b" * 64})
        registry.file(first, findings, rulebook=rulebook, now=FIRST_DAY)
        later = FIRST_DAY + timedelta(days=7)
        again = propose(_houses(number, side, frame, 0.8), rulebook, NO_ZONES, on=None)
        patrol = PatrolRecord("again", later, "a" * 64, {"p": "c" * 64})
        start = time.process_time()
        known = registry.cases(limit=None)
        matching = related(again, known, rulebook.categories, patrol=patrol)
        matched_s = time.process_time() - start
        assert (len(known), len(matching.same)) == (number, number)
        del known, matching
        start = time.process_time()
        result = registry.file(patrol, again, rulebook=rulebook, now=later)
        cpu_s = time.process_time() - start
    assert (len(result.same), result.new) == (number, ())
    highest_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "observations": number,
        "read_and_matched_cpu_s": round(matched_s, 1),
        "filed_cpu_s": round(cpu_s, 1),
        "highest_mb": round(highest_mb),
    }


def _houses(number: int, side: int, frame: LocalFrame, off_m: float) -> list[Observation]:
    """See houses 30 m apart, moved by so much against where they are."""
    x_m, y_m = (30.0 * v + off_m for v in np.divmod(np.arange(number), side))
    grounds = frame.to_lonlat(
        shapely.multipolygons(shapely.box(x_m - 6, y_m - 6, x_m + 6, y_m + 6))
    )
    pixels = shapely.box(10, 20, 30, 40)
    return [
        Observation(f"h{k}", "building", 0.9, ground, (0.5, 0.0, 0.5), 144.0, "cell-1", (), ("p",),
                    (pixels,), None)
        for k, ground in enumerate(grounds.geoms)
    ]  # fmt: skip


def main() -> None:
    """Fill, ask and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="Folder of the filled registry, to ask it again.")
    parser.add_argument("--match", type=int, help="File so many sights of as many open cases.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if options.match:
            print(json.dumps(match(Path(scratch) / "match.sqlite", options.match)))
            return
        path = folder / f"cases-{options.cases}.sqlite"
        if not path.exists():
            print(f"filled in {fill(path, options.cases, options.seed):.0f} s of CPU")
        with Registry.open(path) as registry:
            _tell("sqlite", measure(registry, options.seed))
        try:
            _ask_postgresql(path, options.seed)
        except pytest.skip.Exception as absent:
            print(f"PostgreSQL was not asked: {absent}")


def _ask_postgresql(path: Path, seed: int) -> None:
    with server() as url:
        copied_s = copy_to_postgresql(path, url.format(name="postgres"))
        print(f"copied to PostgreSQL in {copied_s:.0f} s")
        ask_server(url.format(name="postgres"), seed)


def ask_server(url: str, seed: int) -> None:
    """Ask a filled registry on PostgreSQL."""
    with Registry.open(url) as registry:
        registry.counts()  # connects, so that the server's process is known
        _tell("postgresql", measure(registry, seed, backends_cpu(url)))


def _tell(name: str, told: dict[str, dict[str, float]]) -> None:
    worst_of = {
        f"{kind} of {of}": worst(told, kind, of)
        for kind in ("queue", "map")
        for of in ("district", *_AREAS)
    }
    print(json.dumps({"database": name, "worst_p95": worst_of, "p95": told}), flush=True)


if __name__ == "__main__":
    main()
