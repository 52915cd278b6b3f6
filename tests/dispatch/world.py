"""Cases for bulletins, without a patrol behind them."""

from datetime import UTC, datetime

from shapely import box

from cases.categories import Words
from cases.lifecycle import Stage
from cases.model import Case, Place

SEEN = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)


def case(number: int, category: str = "building.unpermitted", cell: str = "cell-1") -> Case:
    """A reported case some way east of the one before."""
    lon_deg, lat_deg = 119.8 + number * 0.001, 32.4 + number * 0.0005
    return Case(
        case_no=f"20260610-{number:04d}",
        category=category,
        class_name="building",
        stage=Stage.REPORTED,
        urgency=3,
        score=0.9,
        polygon=box(lon_deg - 1e-4, lat_deg - 1e-4, lon_deg + 1e-4, lat_deg + 1e-4),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        sigma_m=1.5,
        area_m2=120.0,
        place=Place(cell, "Cell", "West Town", "Reed Village", "Li Wei"),
        rule_id="rule",
        rule_version="1+abc",
        model_sha256="a" * 64,
        why=(Words("0% in permitted footprints", "0% 位于许可用地范围"),),
        to_check=False,
        patrol_id="p",
        last_patrol_id="p",
        first_seen=SEEN,
        last_seen=SEEN,
        gone_at=None,
        evidence=(),
        version=1,
    )
