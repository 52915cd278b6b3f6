"""Which sightings in different photos are one object: growing objects photo by photo."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from shapely import STRtree

from geo.frames import Array, LocalFrame
from geo.grid import Grid
from vision.flight_errors import estimate, moved_back, settled
from vision.fuse import Fusion, Member, fuse
from vision.model import Frame, Observation, Sighting

_CHI2_99 = 9.21  # 99 per cent of a 2-D normal lies within this squared distance
_OUT_OF_REACH = 1e6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClassGate:
    """How far apart two sightings of one object of a class can be, beyond the poses' doubt.

    Attributes:
        shape_share: standard deviation of the outline's middle as a share of its size.
        drift_m: standard deviation of the object's own motion between photos.
    """

    shape_share: float = 0.15
    drift_m: float = 0.0


_CLASS_GATES = {
    "smoke": ClassGate(shape_share=0.5, drift_m=3.0),
    "flame": ClassGate(shape_share=0.3, drift_m=1.0),
    "boat": ClassGate(drift_m=2.0),
    "burn_scar": ClassGate(shape_share=0.25),
    "construction": ClassGate(shape_share=0.25),
}


@dataclass(frozen=True, slots=True)
class AssociationRules:
    """When sightings are one object.

    Attributes:
        by_class: gates; other classes use `otherwise`.
        relative_gnss_m: standard deviation of positions within one flight; the rest of a pose's
            horizontal sigma is an error that all photos of the flight share.
        flight_s: photos of one folder further apart in time are of different flights.
        least_overlap_share: of the smaller outline, at which two outlines are one object however
            far apart their middles are.
        least_agreeing_share: of an object's sightings that a new one must fit, so that objects
            do not chain.
    """

    by_class: Mapping[str, ClassGate] = field(default_factory=lambda: dict(_CLASS_GATES))
    otherwise: ClassGate = ClassGate()
    relative_gnss_m: float = 0.3
    flight_s: float = 3600.0
    least_overlap_share: float = 0.5
    least_agreeing_share: float = 0.5

    def gate_of(self, class_name: str) -> ClassGate:
        """Gate of a class."""
        return self.by_class.get(class_name, self.otherwise)


def associate(
    sightings: Sequence[Sighting],
    frames: Iterable[Frame],
    grid: Grid | None,
    *,
    local: LocalFrame,
    footprints: Mapping[str, shapely.Polygon | shapely.MultiPolygon] | None = None,
    rules: AssociationRules | None = None,
) -> tuple[Observation, ...]:
    """Make one observation of all sightings of one object, most certain first.

    Args:
        sightings: as `vision.locate.locate` returns them.
        frames: the photos they are from.
        grid: cells to name; None names none.
        local: frame in which distances are measured.
        footprints: ground that each photo shows clearly, from `vision.locate.footprints`; photos
            that show the place without the object count against it. Without it none do.
        rules: gates.

    Returns:
        Observations; two sightings in one photo are never one object.
    """
    rules = rules or AssociationRules()
    photos = {frame.photo_id: frame for frame in frames}
    polygons = shapely.transform([s.polygon for s in sightings], local.xy_from_lonlat)
    flights = _flights(photos.values(), rules.flight_s)
    members = [
        _member(i, sighting, polygons[i], photos, flights, rules)
        for i, sighting in enumerate(sightings)
    ]
    groups = _still_groups(_by_class(members, sightings), rules)
    known = estimate(groups, flights.values(), rules.otherwise.shape_share)
    lying = [settled(member, known) for member in members]
    outlines = np.array([member.polygon_m for member in lying], dtype=object)
    fusion = Fusion(local, outlines, sightings, photos, grid, footprints or {})
    observations = [
        fuse([moved_back(members[m.index], m) for m in group], fusion)
        for name, alike in sorted(_by_class(lying, sightings).items())
        for group in group_members(alike, rules.gate_of(name), rules)
    ]
    return tuple(sorted(observations, key=lambda o: (-o.score, o.observation_id)))


def _by_class(members: Sequence[Member], sightings: Sequence[Sighting]) -> dict[str, list[Member]]:
    by_class: dict[str, list[Member]] = {}
    for member in members:
        by_class.setdefault(sightings[member.index].detection.class_name, []).append(member)
    return by_class


def _still_groups(
    by_class: Mapping[str, Sequence[Member]], rules: AssociationRules
) -> list[list[Member]]:
    """What may be the same objects before anything is known of the flights; nothing that drifts."""
    gates = {name: rules.gate_of(name) for name in sorted(by_class)}
    still = [name for name, gate in gates.items() if gate.drift_m == 0]
    return [g for name in still for g in group_members(by_class[name], gates[name], rules)]


def _flights(photos: Iterable[Frame], flight_s: float) -> dict[str, str]:
    """Flight of each photo: its folder, and which of the flights in it a long pause parts."""
    flights: dict[str, str] = {}
    before: dict[str, tuple[float, int]] = {}
    for photo in sorted(photos, key=lambda photo: (_time_s(photo), photo.photo_id)):
        folder = PurePosixPath(photo.path).parent.as_posix()
        time_s, number = before.get(folder, (_time_s(photo), 1))
        number += _time_s(photo) - time_s > flight_s
        before[folder] = _time_s(photo), number
        flights[photo.photo_id] = f"{folder}#{number}"
    return flights


def _time_s(photo: Frame) -> float:
    return ((photo.taken_at or _EPOCH) - _EPOCH).total_seconds()


def _member(
    index: int,
    sighting: Sighting,
    polygon: shapely.Polygon,
    photos: Mapping[str, Frame],
    flights: Mapping[str, str],
    rules: AssociationRules,
) -> Member:
    photo = photos[sighting.detection.photo_id]
    east, both, north = sighting.covariance_m2
    total = np.array([[east, both], [both, north]])
    gnss_m2 = 0.0 if photo.pose is None else photo.pose.sigma.horizontal_m**2
    shared_m2 = max(0.0, min(gnss_m2, east, north) - rules.relative_gnss_m**2)
    return Member(
        index=index,
        photo_id=photo.photo_id,
        flight=flights[photo.photo_id],
        time_s=_time_s(photo),
        polygon_m=polygon,
        centre_m=np.array(shapely.get_coordinates(shapely.centroid(polygon))[0]),
        covariance_m2=total,
        shared_m2=shared_m2,
        arms_m=sighting.arms_m,
        cut=sighting.detection.cut,
        off_nadir_deg=sighting.off_nadir_deg,
    )


def group_members(
    members: Sequence[Member], gate: ClassGate, rules: AssociationRules
) -> list[list[Member]]:
    """Group the sightings of one class into objects, at most one per photo in each."""
    links = _links(members, gate, rules)
    object_of: dict[int, int] = {}
    objects: list[list[int]] = []
    order = sorted(range(len(members)), key=lambda i: (members[i].time_s, members[i].photo_id, i))
    by_photo: dict[str, list[int]] = {}
    for position in order:
        by_photo.setdefault(members[position].photo_id, []).append(position)
    for seen in by_photo.values():
        for position, target in _assigned(seen, links, object_of, objects, rules).items():
            objects[target].append(position)
            object_of[position] = target
        for position in seen:
            if position not in object_of:
                object_of[position] = len(objects)
                objects.append([position])
    merged = _merged(objects, object_of, links, members, rules)
    return [[members[i] for i in group] for group in merged]


Links = list[dict[int, float]]
"""For each sighting the costs, 0 to 2, of its being one object with others."""


def _links(members: Sequence[Member], gate: ClassGate, rules: AssociationRules) -> Links:
    """Find the pairs of sightings in different photos that may be one object."""
    links: Links = [{} for _ in members]
    if len(members) < 2:
        return links
    first, second = _near_pairs(members, gate)
    for start in range(0, len(first), 200_000):  # bounded memory
        part = slice(start, start + 200_000)
        costs = _costs(members, first[part], second[part], gate, rules)
        for a, b, cost in zip(first[part].tolist(), second[part].tolist(), costs, strict=True):
            if cost < _OUT_OF_REACH:
                links[a][b] = links[b][a] = float(cost)
    return links


def _near_pairs(
    members: Sequence[Member], gate: ClassGate
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs whose outlines are within the largest distance that any gate allows."""
    polygons = np.array([m.polygon_m for m in members])
    largest = np.array([np.linalg.eigvalsh(m.covariance_m2)[1] for m in members])
    size = np.sqrt(shapely.area(polygons))
    spread = np.sqrt(largest + gate.drift_m**2 + (gate.shape_share * size) ** 2)
    reach = np.sqrt(_CHI2_99) * spread
    bounds = shapely.bounds(polygons)
    grown = shapely.box(*(bounds[:, :2] - reach[:, None]).T, *(bounds[:, 2:] + reach[:, None]).T)
    first, second = STRtree(grown).query(grown)
    photo = np.unique([m.photo_id for m in members], return_inverse=True)[1]
    keep = (first < second) & (photo[first] != photo[second])
    return first[keep], second[keep]


def _costs(
    members: Sequence[Member],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    gate: ClassGate,
    rules: AssociationRules,
) -> Array:
    """Costs (N,) of pairs: distance in units of the gate plus missing overlap; large = never."""
    polygons = np.array([m.polygon_m for m in members])
    a, b = polygons[first], polygons[second]
    area_a, area_b = shapely.area(a), shapely.area(b)
    smaller, larger = np.minimum(area_a, area_b), np.maximum(area_a, area_b)
    overlap = shapely.area(shapely.intersection(a, b)) / np.maximum(smaller, 1e-9)
    covariance = _pair_covariances(members, first, second)
    cut = np.array([m.cut for m in members])
    either_cut = cut[first] | cut[second]
    # The middle of an outline that the picture's edge cuts says little: take the gap instead.
    shape = np.where(either_cut, 0.0, gate.shape_share**2 * (area_a + area_b) / 2)
    covariance += (gate.drift_m**2 + shape)[:, None, None] * np.eye(2)
    centres = np.array([m.centre_m for m in members])
    offset = np.where(either_cut[:, None], _gap(a, b), centres[first] - centres[second])
    squared = np.einsum("ni,nij,nj->n", offset, np.linalg.inv(covariance), offset)
    alike = either_cut | (smaller > 0.2 * larger)
    near = (squared <= _CHI2_99) & alike
    covers = overlap >= rules.least_overlap_share
    cost = np.minimum(squared / _CHI2_99, 1.0) + 1.0 - np.minimum(overlap, 1.0)
    out: Array = np.where(near | covers, cost, _OUT_OF_REACH)
    return out


def _gap(a: NDArray[np.object_], b: NDArray[np.object_]) -> Array:
    """Shortest vectors (N, 2) between outlines, zero where they meet."""
    ends = shapely.get_coordinates(shapely.shortest_line(a, b)).reshape(-1, 2, 2)
    gap: Array = ends[:, 1] - ends[:, 0]
    return gap


def _pair_covariances(
    members: Sequence[Member], first: NDArray[np.intp], second: NDArray[np.intp]
) -> Array:
    """Covariances (N, 2, 2) of the distance; what both share of one flight's error is left out."""
    covariance = np.array([m.covariance_m2 for m in members])
    shared = np.array([m.shared_m2 for m in members])
    flight = np.unique([m.flight for m in members], return_inverse=True)[1]
    same = flight[first] == flight[second]
    common = np.where(same, np.minimum(shared[first], shared[second]), 0.0)
    out: Array = covariance[first] + covariance[second] - 2 * common[:, None, None] * np.eye(2)
    return out


def _assigned(
    seen: Sequence[int],
    links: Links,
    object_of: Mapping[int, int],
    objects: Sequence[Sequence[int]],
    rules: AssociationRules,
) -> dict[int, int]:
    """Assign the sightings of one photo to objects, cheapest in all (Hungarian method)."""
    costs: dict[tuple[int, int], float] = {}
    for position in seen:
        fits: dict[int, list[float]] = {}
        for other, cost in links[position].items():
            if other in object_of:
                fits.setdefault(object_of[other], []).append(cost)
        for target, found in fits.items():
            if len(found) >= rules.least_agreeing_share * len(objects[target]):
                costs[position, target] = _mean_cost(found, len(objects[target]))
    if not costs:
        return {}
    rows = sorted({position for position, _ in costs})
    columns = sorted({target for _, target in costs})
    matrix = np.full((len(rows), len(columns)), _OUT_OF_REACH)
    for (position, target), cost in costs.items():
        matrix[rows.index(position), columns.index(target)] = cost
    pairs = zip(*linear_sum_assignment(matrix), strict=True)
    return {rows[r]: columns[c] for r, c in pairs if matrix[r, c] < _OUT_OF_REACH}


def _mean_cost(found: Sequence[float], count: int) -> float:
    """Mean over an object's sightings; those that do not fit cost the most, 2."""
    return (sum(found) + 2.0 * (count - len(found))) / count


def _merged(
    objects: Sequence[Sequence[int]],
    object_of: Mapping[int, int],
    links: Links,
    members: Sequence[Member],
    rules: AssociationRules,
) -> list[list[int]]:
    """Join objects that grew apart, cheapest first, where no photo shows both."""
    current = {number: list(group) for number, group in enumerate(objects)}
    home = dict(object_of)
    for _, one, other in _mergeable(current, home, links, rules):
        one, other = _root(one, current, home, objects), _root(other, current, home, objects)
        if one == other:
            continue
        photos = [{members[i].photo_id for i in current[k]} for k in (one, other)]
        if photos[0] & photos[1] or not _agree(current[one], current[other], links, rules):
            continue
        for position in current.pop(other):
            home[position] = one
            current[one].append(position)
    return [sorted(group) for group in current.values()]


def _root(
    number: int,
    current: Mapping[int, Sequence[int]],
    home: Mapping[int, int],
    objects: Sequence[Sequence[int]],
) -> int:
    """Where an object is now that others may have taken it in."""
    return number if number in current else home[objects[number][0]]


def _mergeable(
    current: Mapping[int, Sequence[int]],
    home: Mapping[int, int],
    links: Links,
    rules: AssociationRules,
) -> list[tuple[float, int, int]]:
    found: dict[tuple[int, int], list[float]] = {}
    for position, linked in enumerate(links):
        for other, cost in linked.items():
            if home[position] < home[other]:
                found.setdefault((home[position], home[other]), []).append(cost)
    ranked = []
    for (one, other), costs in found.items():
        count = len(current[one]) * len(current[other])
        if len(costs) >= rules.least_agreeing_share * count:
            ranked.append((_mean_cost(costs, count), one, other))
    return sorted(ranked)


def _agree(one: Sequence[int], other: Sequence[int], links: Links, rules: AssociationRules) -> bool:
    fitting = sum(b in links[a] for a in one for b in other)
    return fitting >= rules.least_agreeing_share * len(one) * len(other)
