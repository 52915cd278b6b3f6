"""What a district looks like: terrain, cells, roads, water, fields and houses from a seed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely import LineString, MultiPolygon, Polygon, STRtree, unary_union
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from simulations.blocks import Contents, fill_block, polygons_of, split
from simulations.layout import District, DistrictCell, Relief, Tree, Way, WayKind

CENTRE_LON_DEG, CENTRE_LAT_DEG = 120.13, 32.51
SIDE_CELLS = 6
SIDE_M = 2000.0
SUBDIVISIONS = 5
COUNTY = "320623"
TOWNS = ("丰利镇", "栟茶镇", "曹埠镇", "袁庄镇", "新店镇", "河口镇")
VILLAGES = (
    "光荣村",
    "环渔村",
    "凌河村",
    "新建村",
    "双龙村",
    "石屏村",
    "古港村",
    "桑园村",
    "杨湾村",
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
GIVEN = ("建国", "秀英", "海燕", "志强", "丽华", "国平", "晓东", "玉兰", "永明", "春梅", "文斌")
WAY_WIDTH_M: dict[WayKind, float] = {
    "main": 8.0, "lane": 4.5, "track": 3.0, "canal": 7.0, "river": 34.0
}  # fmt: skip

Lattice = NDArray[np.float64]


def make_district(seed: int) -> District:
    """Make a district of about 2 x 2 km; the same seed gives the same district.

    >>> district = make_district(3)
    >>> len(district.cells), len(district.patrol_codes), len(district.cells[0].code)
    (36, 6, 15)
    """
    rng = np.random.default_rng([11, seed])
    lattice = _lattice(rng)
    kinds = _line_kinds(rng)
    ways = _ways(lattice, kinds)
    cells = _cells(lattice, rng)
    corner = rng.integers(1, SIDE_CELLS - 3), rng.integers(1, SIDE_CELLS - 2)
    patrol = [cells[(corner[1] + j) * SIDE_CELLS + corner[0] + i] for j in (0, 1) for i in range(3)]
    works_code = patrol[int(rng.integers(6))].code
    contents = _fill_cells(cells, ways, works_code, rng)
    ways += contents.ways
    trees = _clear_trees(contents.trees + _way_trees(ways, rng), ways, contents)
    return District(
        seed=seed,
        frame=LocalFrame(CENTRE_LON_DEG, CENTRE_LAT_DEG),
        relief=_relief(ways, rng),
        cells=tuple(cells),
        patrol_codes=tuple(cell.code for cell in patrol),
        parcels=tuple(contents.parcels),
        ponds=tuple(contents.ponds),
        ways=tuple(ways),
        patches=tuple(contents.patches),
        buildings=tuple(contents.buildings),
        trees=tuple(trees),
        cars=tuple(contents.cars),
        works=tuple(contents.works),
        wind_toward_deg=float(rng.uniform(0, 360)),
        zones=_zones(ways, contents),
    )


def _lattice(rng: Generator) -> Lattice:
    """Corners of the cells with jitter, (7, 7, 2) as [row, column], row 0 in the south."""
    line = np.linspace(-SIDE_M / 2, SIDE_M / 2, SIDE_CELLS + 1)
    x, y = np.meshgrid(line, line)
    corners = np.stack([x, y], axis=-1) + rng.uniform(-22, 22, (SIDE_CELLS + 1, SIDE_CELLS + 1, 2))
    bend = np.linspace(0, 2 * np.pi, SIDE_CELLS + 1)
    corners[..., 0] += 14 * np.sin(bend + rng.uniform(0, 6))[:, None]
    corners[..., 1] += 14 * np.sin(bend + rng.uniform(0, 6))[None, :]
    return np.asarray(corners)


def _edge(start: Lattice, end: Lattice) -> Lattice:
    """Bend the edge between two corners; the same corners always give the same edge."""
    share = np.linspace(0, 1, SUBDIVISIONS + 1)[:, None]
    points = start + (end - start) * share
    rng = np.random.default_rng(np.abs(np.round([*start, *end])).astype(int).tolist())
    along = (end - start) / np.linalg.norm(end - start)
    offset = np.cumsum(rng.normal(0, 1.8, SUBDIVISIONS + 1))
    offset -= share[:, 0] * offset[-1]
    offset[0] = offset[-1] = 0
    bent: Lattice = points + offset[:, None] * np.array([-along[1], along[0]])
    bent[0], bent[-1] = start, end
    return bent


def _cells(lattice: Lattice, rng: Generator) -> list[DistrictCell]:
    towns = list(rng.choice(TOWNS, 2, replace=False))
    villages = list(rng.choice(VILLAGES, 4, replace=False))
    cells = []
    half = SIDE_CELLS // 2
    for row in range(SIDE_CELLS):
        for column in range(SIDE_CELLS):
            town, village = row // half, row // half * 2 + column // half
            number = row % half * half + column % half + 1
            code = f"{COUNTY}{101 + town:03d}{201 + village % 2:03d}{number:03d}"
            name = f"{villages[village]}第{number}网格"
            officer = rng.choice(list(SURNAMES)) + rng.choice(GIVEN)
            boundary = Polygon(_ring(lattice, row, column))
            cells.append(
                DistrictCell(code, name, str(towns[town]), str(villages[village]), str(officer),
                             boundary)
            )  # fmt: skip
    return cells


def _ring(lattice: Lattice, row: int, column: int) -> Lattice:
    a, b = lattice[row, column], lattice[row, column + 1]
    c, d = lattice[row + 1, column + 1], lattice[row + 1, column]
    edges = [_edge(a, b), _edge(b, c), _edge(d, c)[::-1], _edge(a, d)[::-1]]
    return np.concatenate([edge[:-1] for edge in edges])


def _line_kinds(rng: Generator) -> dict[tuple[str, int], WayKind]:
    """Choose what runs along each line of the lattice."""
    kinds: dict[tuple[str, int], WayKind] = {}
    for axis in "hv":
        for line in range(SIDE_CELLS + 1):
            kinds[axis, line] = "canal" if rng.random() < 0.3 else "lane"
    kinds["v", int(rng.integers(2, SIDE_CELLS - 1))] = "river"
    kinds["h", int(rng.integers(2, SIDE_CELLS - 1))] = "main"
    return kinds


def _ways(lattice: Lattice, kinds: dict[tuple[str, int], WayKind]) -> list[Way]:
    ways = []
    for (axis, number), kind in kinds.items():
        corners = lattice[number] if axis == "h" else lattice[:, number]
        edges = [_edge(a, b) for a, b in pairwise(corners)]
        points = np.concatenate([edges[0][:1], *[edge[1:] for edge in edges]])
        ways.append(Way(LineString(points), WAY_WIDTH_M[kind], kind))
    return ways


def _fill_cells(
    cells: list[DistrictCell], ways: list[Way], works_code: str, rng: Generator
) -> Contents:
    """Cut each cell into blocks and fill them."""
    taken = unary_union([way.line.buffer(way.width_m / 2 + 1.5) for way in ways])
    contents = Contents()
    for cell in cells:
        inner = max(polygons_of(cell.boundary.difference(taken)), key=lambda p: p.area)
        blocks = _blocks(inner, contents, rng)
        uses = ["farm", "farm", "water", "works" if cell.code == works_code else "village"]
        if cell.code == works_code:
            largest = max(blocks, key=lambda block: block.area)
            blocks = [b for b in blocks if b is not largest] + [largest]
            uses = [*rng.permutation(uses[:3]).tolist(), "works"]
        else:
            rng.shuffle(uses)
        for block, use in zip(blocks, uses, strict=False):
            fill_block(contents, block, use, rng)
    return contents


def _blocks(inner: Polygon, contents: Contents, rng: Generator) -> list[Polygon]:
    """Cut a cell into four blocks with field tracks between them."""
    west_east = split(inner, 90 + rng.uniform(-6, 6), rng.uniform(0.44, 0.56))
    blocks: list[Polygon] = []
    cuts: list[LineString] = [west_east.cut]
    for half in west_east.parts:
        halves = split(half, rng.uniform(-6, 6), rng.uniform(0.42, 0.58))
        blocks += halves.parts
        cuts.append(halves.cut)
    contents.ways += [Way(cut, WAY_WIDTH_M["track"], "track") for cut in cuts if cut.length > 20]
    taken = unary_union([cut.buffer(WAY_WIDTH_M["track"] / 2 + 0.8) for cut in cuts])
    return [max(polygons_of(b.difference(taken)), key=lambda p: p.area) for b in blocks]


def _way_trees(ways: list[Way], rng: Generator) -> list[Tree]:
    """Plant rows along some roads and banks."""
    trees: list[Tree] = []
    for way in ways:
        for side in (-1, 1):
            if rng.random() < (0.75 if way.kind == "track" else 0.35):
                continue
            offset = way.line.offset_curve(side * (way.width_m / 2 + 1.4))
            trees += _tree_row(offset, rng)
    return trees


def _tree_row(line: BaseGeometry, rng: Generator) -> list[Tree]:
    spacing = rng.uniform(5, 9)
    radius = rng.uniform(1.3, 2.6)
    trees = []
    for distance in np.arange(3, line.length - 3, spacing):
        if rng.random() < 0.3 or np.sin(distance / 61 + spacing) < -0.25:
            continue
        point = line.interpolate(distance + rng.normal(0, 0.8))
        r = radius * rng.uniform(0.7, 1.3)
        trees.append(Tree(point.x, point.y, r, r * rng.uniform(1.5, 2.2), int(rng.integers(2**31))))
    return trees


def _clear_trees(trees: list[Tree], ways: list[Way], contents: Contents) -> list[Tree]:
    """Drop trees that would stand in houses, ponds or on roads."""
    solid: list[BaseGeometry] = [b.footprint.buffer(0.6) for b in contents.buildings]
    solid += [pond.polygon.buffer(-1.0) for pond in contents.ponds]
    solid += [w.line.buffer(w.width_m / 2) for w in ways if w.kind in ("main", "lane", "river")]
    tree_index = STRtree(solid)
    points = [LineString([(t.x_m, t.y_m), (t.x_m + 0.01, t.y_m)]) for t in trees]
    blocked = set(tree_index.query(points, predicate="intersects")[0].tolist())
    return [tree for number, tree in enumerate(trees) if number not in blocked]


def _relief(ways: list[Way], rng: Generator) -> Relief:
    """Rolling ground of 3 to 12 m with a dike on both banks of the river."""
    step, reach = 4.0, SIDE_M / 2 + 300
    count = int(2 * reach / step) + 1
    smooth = gaussian_filter(rng.standard_normal((count, count)), 55, mode="wrap")
    smooth += 0.35 * gaussian_filter(rng.standard_normal((count, count)), 20, mode="wrap") * 0.4
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    heights = 3.2 + 5.8 * smooth
    axis = -reach + step * np.arange(count)
    river = np.asarray(next(way for way in ways if way.kind == "river").line.coords)
    middle = np.interp(axis, river[:, 1], river[:, 0])
    distance = np.abs(axis[None, :] - middle[:, None])
    heights += 2.2 * np.exp(-(((distance - 27) / 9) ** 2))
    return Relief(-reach, -reach, step, heights.astype(np.float32))


def _zones(ways: list[Way], contents: Contents) -> dict[str, MultiPolygon]:
    """Dissolve what the rules look at into layers."""
    rivers = [way.line.buffer(way.width_m / 2) for way in ways if way.kind == "river"]
    layers: dict[str, Sequence[BaseGeometry]] = {
        "farmland": list(contents.farmland),
        "closed_water": [pond.polygon for pond in contents.ponds if pond.closed],
        "open_water": [pond.polygon for pond in contents.ponds if not pond.closed] + rivers,
        "industrial": [works.zone for works in contents.works],
        "permitted": list(contents.permitted),
    }
    return {name: MultiPolygon(polygons_of(unary_union(g))) for name, g in layers.items()}
