import numpy as np
import pytest

from vision.drawn_vehicles import draw_vehicles

SIDE = 256
GSD_M = 0.1


def street(seed, taken=None, gsd_m=GSD_M):
    rgb = np.full((SIDE, SIDE, 3), 120, np.uint8)
    taken = np.zeros((SIDE, SIDE), bool) if taken is None else taken
    return draw_vehicles(rgb, taken, gsd_m, np.random.default_rng(seed))


def painted(picture):
    """Where something stands or throws a shadow."""
    return np.abs(picture.astype(int) - 120).max(axis=2) > 8


def test_same_seed_parks_the_same_vehicles():
    np.testing.assert_array_equal(street(3), street(3))
    assert not np.array_equal(street(3), street(4))


def test_the_given_picture_stays_as_it_is():
    rgb = np.full((SIDE, SIDE, 3), 90, np.uint8)
    draw_vehicles(rgb, np.zeros((SIDE, SIDE), bool), GSD_M, np.random.default_rng(1))
    assert (rgb == 90).all()


def test_nothing_is_parked_where_all_is_taken():
    assert not painted(street(5, np.ones((SIDE, SIDE), bool))).any()


@pytest.mark.parametrize("seed", range(12))
def test_no_vehicle_stands_on_what_is_taken(seed):
    taken = np.zeros((SIDE, SIDE), bool)
    taken[:, : SIDE // 2] = True
    picture = street(seed, taken)
    # A shadow may fall there: it darkens all colours alike, and vehicles bring colours or light.
    left = picture[:, : SIDE // 2].astype(int)
    assert (left <= 121).all()
    assert (left.max(axis=2) - left.min(axis=2)).max() <= 3


def test_vehicles_are_as_large_as_vehicles():
    """Twice as fine a picture shows one vehicle on four times the pixels."""
    shares = [
        np.mean([painted(street(seed, gsd_m=gsd_m)).mean() for seed in range(30)])
        for gsd_m in (0.2, 0.1)
    ]
    assert 2.0 < shares[1] / shares[0] < 4.5
    mean_m2 = shares[0] * (SIDE * 0.2) ** 2
    assert 20 < mean_m2 < 200  # 2.5 rows of some vehicles of 7 to 34 m2, with shadows
