"""How long does a district of 1157 cells take, in what memory, and how good are the tours?

    OMP_NUM_THREADS=1 python -m benchmarks.district [--cells 1157] [--workers 2] [--reference-s 10]

A seeded district of irregular cells with 10 depots and a terrain raster is planned, checked, routed
and scheduled with `missions.district`. Then each depot's tours are searched for 10 s and compared.
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyvrp.stop import MaxRuntime
from shapely import MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from geo.grid import Cell, Grid
from geo.terrain import RasterTerrain
from missions.batch import Tools
from missions.district import DistrictPlan, Order, Request, orders_of, plan_district
from missions.fleet import Crew, Depot, Fleet, Hours
from missions.routing import route_depot

FRAME = LocalFrame(119.95, 31.70)
AREA_KM2 = 930.0
DEPOTS = 10
CREWS = 3
RELIEF_M = 8.0
RELIEF_LENGTH_M = 4000.0
PIXEL_M = 30.0


def side_of(count: int) -> float:
    """Metres of the district's longer side, so that 1157 cells have 930 km2."""
    columns = int(np.ceil(np.sqrt(count)))
    rows = int(np.ceil(count / columns))
    return 1000 * float(np.sqrt(AREA_KM2 * count / 1157 * columns / rows))


def district_cells(count: int, seed: int) -> list[Cell]:
    """Irregular cells that tile a square: Voronoi cells of points pushed off a lattice."""
    rng = np.random.default_rng(seed)
    side = side_of(count)
    columns = int(np.ceil(np.sqrt(count)))
    lattice = np.stack(np.meshgrid(np.arange(columns), np.arange(columns)), axis=-1)
    points = lattice.reshape(-1, 2)[:count] + rng.uniform(0.1, 0.9, (count, 2))
    points = points * side / columns
    outer = shapely.box(0, 0, side, side * np.ceil(count / columns) / columns)
    shapes = shapely.voronoi_polygons(MultiPoint(points), extend_to=outer).geoms
    tree = shapely.STRtree([Point(point) for point in points])
    found: dict[int, BaseGeometry] = {}
    for shape in shapes:
        inside = tree.query(shape, predicate="contains")
        found[int(inside[0])] = shape.intersection(outer)
    return [_cell(n, found[n], side / 2) for n in range(count)]


def _cell(number: int, shape: BaseGeometry, middle_m: float) -> Cell:
    assert isinstance(shape, Polygon)
    moved = shapely.transform(shape, lambda xy: xy - middle_m)
    return Cell(f"3204120{number:08d}", f"cell {number}", "", "", "", FRAME.to_lonlat(moved))


def district_terrain(side_m: float, seed: int) -> RasterTerrain:
    """Hills of 8 m about 4 km across, on pixels of 30 m."""
    rng = np.random.default_rng(seed)
    size = int(1.2 * side_m / PIXEL_M)
    axis = np.arange(size) * PIXEL_M
    heights: NDArray[np.float64] = np.full((size, size), 6.0)
    for _ in range(12):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = 2 * np.pi / (RELIEF_LENGTH_M * rng.uniform(0.7, 2.0))
        along = np.cos(angle) * axis[None] + np.sin(angle) * axis[:, None]
        heights += RELIEF_M / 12 * np.sin(wave * along + phase)
    origin = -size * PIXEL_M / 2
    transform = Affine(PIXEL_M, 0, origin, 0, -PIXEL_M, -origin)
    return RasterTerrain(heights.astype(np.float32), transform, CRS.from_user_input(FRAME.crs))


def district_fleet(side_m: float, seed: int) -> Fleet:
    """Ten depots pushed off a lattice, three crews each."""
    rng = np.random.default_rng(seed)
    spots = [(x, y) for y in (-0.25, 0.25) for x in (-0.4, -0.2, 0.0, 0.2, 0.4)]
    places = side_m * (np.array(spots[:DEPOTS]) + rng.uniform(-0.05, 0.05, (DEPOTS, 2)))
    depots = [
        Depot(f"D{n}", float(lon), float(lat))
        for n, (lon, lat) in enumerate(FRAME.lonlat_from_xy(places).tolist())
    ]
    crews = [
        Crew(f"{depot.code}-{n}", depot.code, "dji-m3e", batteries=10, chargers=3)
        for depot in depots
        for n in range(CREWS)
    ]
    return Fleet(tuple(depots), tuple(crews), Hours())


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measured(request: Request, tools: Tools, workers: int) -> tuple[DistrictPlan, Cost]:
    """Plan a district and measure it, processes included."""
    wall, cpu = time.perf_counter(), _cpu_s()
    plan = plan_district(request, tools, workers=workers, on_step=_Stages(wall))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest one
    peak_mb = (own + workers * child) / 1024
    return plan, Cost(time.perf_counter() - wall, _cpu_s() - cpu, peak_mb)


class _Stages:
    """Prints when each stage was done."""

    def __init__(self, start: float) -> None:
        self._start = start

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done == total:
            print(f"{time.perf_counter() - self._start:8.1f} s  {stage}: {total}", flush=True)


def _cpu_s() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


def reference_m(orders: list[Order], seconds: float, workers: int) -> float:
    """Transit of all depots when each is searched for this long."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_searched, orders, [seconds] * len(orders)))


def _searched(order: Order, seconds: float) -> float:
    crews = order.fleet.crews_of(order.depot.code)
    found = route_depot(
        order.depot, order.depot_m, crews, order.days, order.visits, stop=MaxRuntime(seconds)
    )
    return found.transit_m + (1e9 if found.unserved else 0)


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1157)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reference-s", type=float, default=10.0)
    wanted = parser.parse_args()
    cells = district_cells(wanted.cells, wanted.seed)
    side_m = side_of(wanted.cells)
    tools = Tools(terrain=district_terrain(side_m, wanted.seed))
    fleet = district_fleet(side_m, wanted.seed)
    request = Request(Grid(cells), fleet, date(2025, 6, 2), wanted.days)
    plan, cost = measured(request, tools, wanted.workers)
    area_km2 = sum(FRAME.to_local(cell.boundary).area for cell in cells) / 1e6
    flown_h = sum(flight.duration_s for flight in plan.flights) / 3600
    transit_km = sum(plan.transit_m.values()) / 1000
    print(f"{len(cells)} cells, {area_km2:.0f} km2, {len(fleet.depots)} depots")
    print(f"{len(plan.flights)} flights of {flown_h:.0f} h, {len(plan.refused)} cells refused")
    for refusal in plan.refused[:5]:
        print("   ", refusal)
    print(f"{len(plan.schedule.slots)} scheduled, {len(plan.schedule.unassigned)} left")
    for one in plan.schedule.unassigned[:5]:
        print("   ", one)
    print(f"{cost.wall_s:.1f} s wall, {cost.cpu_s:.1f} s CPU, {cost.peak_mb:.0f} MB at most")
    if wanted.reference_s > 0:
        best_km = reference_m(orders_of(request, plan), wanted.reference_s, wanted.workers) / 1000
        print(
            f"transit {transit_km:.1f} km; {wanted.reference_s:g} s per depot {best_km:.1f} km; "
            f"{100 * (transit_km / best_km - 1):+.2f} %"
        )


if __name__ == "__main__":
    main()
