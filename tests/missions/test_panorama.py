import numpy as np
import pytest

from missions.drones import drone_keys, drone_named
from missions.panorama import panorama, shows
from tests.missions.shapes import FRAME

EYE = np.array([20.0, -30.0, 110.0])


@pytest.mark.parametrize("key", drone_keys())
def test_every_direction_below_the_horizon_is_in_a_photo(key):
    camera = drone_named(key).camera
    rng = np.random.default_rng(5)
    azimuth, down = rng.uniform(0, 2 * np.pi, 3000), np.radians(rng.uniform(0.3, 90, 3000))
    rays = np.column_stack(
        [np.sin(azimuth) * np.cos(down), np.cos(azimuth) * np.cos(down), -np.sin(down)]
    )
    shots = [shot for ring in panorama(camera, 0.15) for shot in ring]
    assert shows(shots, EYE, EYE + 500 * rays, camera, FRAME).any(axis=0).all()


def test_a_photo_shows_only_what_is_ahead():
    camera = drone_named("sim-quad").camera
    north = panorama(camera, 0.15)[0][:1]
    targets = EYE + np.array([[0, 900, -100], [0, -900, -100], [900, 0, -100.0]])
    assert shows(north, EYE, targets, camera, FRAME).tolist() == [[True, False, False]]
