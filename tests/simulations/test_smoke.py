import numpy as np
import pytest

from simulations.light import Light
from simulations.plume import Plume, PlumeKind
from simulations.smoke import optical_depth, shadow, veil

PLUME = Plume(PlumeKind.STRAW, 10.0, 20.0, 0.5, 0.0, 40.0, 16.0, 6.0, 0.4, 3.0, 5)


def grid(step=0.5):
    x, y = np.meshgrid(np.arange(-30, 80, step), np.arange(-30, 70, step))
    return x.astype(np.float32), y.astype(np.float32)


def test_smoke_is_thick_downwind_and_absent_upwind():
    x, y = grid()
    depth, _ = optical_depth(PLUME, x, y, 0.0)
    upwind, far = x < 10 - PLUME.source_width_m, x > 10 + 1.1 * PLUME.length_m
    inside = (x > 14) & (x < 30) & (np.abs(y - 20) < 2)
    assert depth[upwind].max() == 0
    assert depth[far].max() == 0
    assert depth[inside].mean() > 0.5


def test_most_of_the_smoke_lies_in_its_outline():
    x, y = grid()
    depth, _ = optical_depth(PLUME, x, y, 0.0)
    west, south, east, north = PLUME.outline().buffer(3.0).bounds
    inside = (x > west) & (x < east) & (y > south) & (y < north)
    assert depth[inside].sum() > 0.85 * depth.sum()


def test_smoke_seen_aslant_is_displaced_by_its_height():
    tall = Plume(PlumeKind.CHIMNEY, 10.0, 20.0, 22.0, 0.0, 30.0, 12.0, 3.0, 0.0, 3.0, 5)
    x, y = grid()
    zero, slant = np.zeros_like(x), np.full_like(x, 0.5)
    straight = veil(tall, x, y, zero, zero, Light(), 0.0).alpha
    aslant = veil(tall, x, y, slant, zero, Light(), 0.0).alpha
    shift = np.average(x, weights=aslant) - np.average(x, weights=straight)
    assert shift == pytest.approx(22.0 * 0.5, abs=0.3)


def test_shadow_of_high_smoke_falls_away_from_the_sun():
    tall = Plume(PlumeKind.CHIMNEY, 10.0, 20.0, 22.0, 0.0, 30.0, 12.0, 3.0, 0.0, 3.0, 5)
    x, y = grid()
    dark = shadow(tall, x, y, Light(sun_azimuth_deg=180.0, sun_elevation_deg=45.0), 0.0)
    assert np.average(y, weights=dark) == pytest.approx(20 + 22, abs=1.5)
    assert dark.max() < 0.66


def test_outline_begins_as_wide_as_the_source_and_grows():
    assert PLUME.half_width_m(0.0) == 3.0
    assert PLUME.half_width_m(40.0) == 8.0
    assert PLUME.outline().contains(PLUME.axis().interpolate(20.0))
