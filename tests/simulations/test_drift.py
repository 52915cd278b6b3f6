"""What a simulated vehicle does not know about itself, seen in what it reports."""

from dataclasses import replace

import numpy as np
import pytest

from geo.frames import LocalFrame
from simulations.autopilot import Scene
from simulations.drift import NO_DRIFT, Drift, DriftSigma
from tests.flight.sorties import HOME, small_sortie
from tests.simulations.test_autopilot import Station


def flown(seed=4, **sigma):
    """Reported and true poses of a flight with the errors named, and no others."""
    station = Station(Scene(HOME, seed=seed, drift=replace(NO_DRIFT, **sigma)))
    station.fly(small_sortie().items)
    return station.monitor.track().camera_events, station.autopilot


def offsets_m(events, exposures):
    """True minus reported, east and north."""
    frame = LocalFrame(HOME.lon_deg, HOME.lat_deg)
    true, told = (
        frame.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in places]))
        for places in ([e.pose.position for e in exposures], [e.position for e in events])
    )
    return true - told


def test_a_late_position_is_wrong_along_the_track():
    events, autopilot = flown(position_lag_s=3.0)
    lag_s = autopilot.drift.position_lag_s
    rows = offsets_m(events, autopilot.exposures)
    north = 8.0 * lag_s  # the first row is flown north, the second back
    assert np.median(rows[:5], axis=0) == pytest.approx([0, north], abs=0.1)
    assert np.median(rows[5:], axis=0) == pytest.approx([0, -north], abs=0.1)
    assert abs(north) > 0.3


def test_heights_above_the_sea_are_wrong_by_one_bias_and_those_above_home_are_not():
    events, autopilot = flown(altitude_bias_m=2.0)
    bias_m = autopilot.drift.altitude_bias_m
    assert abs(bias_m) > 0.2
    for event, exposure in zip(events, autopilot.exposures, strict=True):
        true_m = exposure.pose.position.altitude_amsl_m
        assert event.position.altitude_amsl_m - true_m == pytest.approx(bias_m, abs=0.01)
        assert event.height_home_m == pytest.approx(true_m - HOME.altitude_amsl_m, abs=0.01)
    assert autopilot.home.altitude_amsl_m == pytest.approx(HOME.altitude_amsl_m + bias_m)


def test_the_cameras_clock_is_wrong_by_one_error_for_a_flight():
    _, autopilot = flown(camera_clock_s=0.3)
    errors = {exposure.clock_error_s for exposure in autopilot.exposures}
    assert errors == {autopilot.drift.camera_clock_s}


def test_errors_that_are_fixed_for_a_flight_have_the_spread_they_say():
    sigma = DriftSigma()
    drifts = [Drift(sigma, seed) for seed in range(400)]
    for name in ("altitude_bias_m", "position_lag_s", "camera_clock_s"):
        values = [getattr(drift, name) for drift in drifts]
        assert np.std(values) == pytest.approx(getattr(sigma, name), rel=0.12)
        assert abs(np.mean(values)) < 0.2 * getattr(sigma, name)
