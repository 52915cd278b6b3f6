"""The shipped rules against a simulated district: what a perfect detector sees, with its doubt."""

from collections.abc import Iterator
from datetime import date
from functools import cache

import numpy as np
import pytest
from shapely import Polygon
from shapely.affinity import translate

from cases.filing import propose
from cases.model import Findings
from cases.rule_files import load_rulebook
from cases.zones import Zones
from simulations.layout import District
from simulations.planting import VIOLATIONS, Kind, Planted, plant
from simulations.town import make_district
from tests.cases.world import seen
from vision.model import Observation

SEED = 5
SIGMA_M = 1.5
ZONES_TELL = (
    *sorted(VIOLATIONS),
    Kind.PERMITTED_BUILDING,
    Kind.CHIMNEY,
    Kind.STEAM,
    Kind.OPEN_BOAT,
)
"""Kinds that the rules can judge; greenhouse, bales and dust only a detector can tell."""


def sights(district: District, planted: tuple[Planted, ...]) -> Iterator[Observation]:
    rng = np.random.default_rng(SEED)
    for entry in planted:
        shapes: dict[str, Polygon] = {entry.class_name: entry.polygon}
        if entry.plume is not None:
            shapes = {"smoke": entry.plume.outline()}
        if entry.kind is Kind.BURNING:
            shapes["flame"] = entry.polygon
        for class_name, shape in shapes.items():
            moved = translate(shape, *rng.normal(0, SIGMA_M, 2))
            ground = district.frame.to_lonlat(moved)
            assert isinstance(ground, Polygon)
            yield seen(
                f"{entry.code}:{class_name}",
                class_name,
                0,
                0,
                polygon=ground,
                sigma_m=SIGMA_M,
                cell=entry.cell_code,
            )


@cache
def town() -> tuple[tuple[Planted, ...], Findings]:
    district = make_district(SEED)
    planted = plant(district, district.patrol_codes, SEED)
    zones = Zones(
        {
            name: [part for part in district.frame.to_lonlat(zone).geoms if not part.is_empty]
            for name, zone in district.zones.items()
        }
    )
    judged = tuple(entry for entry in planted if entry.kind in ZONES_TELL)
    observations = sights(district, judged)
    return judged, propose(observations, load_rulebook(), zones, on=date(2026, 6, 10))


def cases_of(code: str) -> list[str]:
    _, findings = town()
    return [
        proposal.proposal_id
        for proposal in findings.proposals
        if any(name.split(":")[0] == code for name in proposal.observation_ids)
    ]


@pytest.mark.parametrize("kind", ZONES_TELL)
def test_each_violation_is_one_case_and_no_twin_is_any(kind: Kind):
    planted, _ = town()
    of_kind = [entry for entry in planted if entry.kind is kind]
    assert of_kind
    for entry in of_kind:
        assert len(cases_of(entry.code)) == int(entry.violation), entry.code
