from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.bundle import (
    Block,
    Observed,
    Prior,
    project,
    rotation_vectors,
    rotations,
)
from vision.bundle_solver import fit_bundle

LENS = np.array([[np.log(1000.0), 640.0, 480.0, -0.02, 0.01]])
TANGENTIAL = np.array([[0.001, -0.002, 0.003]])


@given(st.lists(st.floats(-1.8, 1.8), min_size=3, max_size=3))
def test_rotations_give_back_their_vectors(vector):
    np.testing.assert_allclose(rotation_vectors(rotations(np.array([vector]))), [vector], atol=1e-9)


def test_projection_is_opencvs():
    import cv2

    points = np.array([[0.3, -0.2, 1.0], [5.0, 8.0, 20.0], [-3.0, 1.0, 9.0]])
    pixels, _, _ = project(points, LENS.repeat(3, 0), TANGENTIAL.repeat(3, 0))
    matrix = np.array([[1000.0, 0, 640.0], [0, 1000.0, 480.0], [0, 0, 1]])
    distortion = np.array([-0.02, 0.01, 0.001, -0.002, 0.003])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, distortion)
    np.testing.assert_allclose(pixels, expected.reshape(-1, 2), atol=1e-9)


def test_derivatives_are_those_of_small_steps():
    point = np.array([[4.0, -3.0, 12.0]])
    pixels, by_point, by_lens = project(point, LENS, TANGENTIAL)
    for axis in range(3):
        moved = project(point + 1e-6 * np.eye(3)[axis], LENS, TANGENTIAL)[0]
        np.testing.assert_allclose((moved - pixels)[0] / 1e-6, by_point[0, :, axis], rtol=1e-4)
    for axis in range(5):
        moved = project(point, LENS + 1e-6 * np.eye(5)[axis], TANGENTIAL)[0]
        np.testing.assert_allclose((moved - pixels)[0] / 1e-6, by_lens[0, :, axis], rtol=1e-4)


def block_of_photos(rng, *, noise_px=0.5):
    """Twelve photos 60 m above hills; truth, what they show, and what was measured of them."""
    places = np.array([[12.0 * i, 15.0 * j, 60.0] for j in range(3) for i in range(4)])
    down = np.diag([1.0, -1.0, -1.0])
    R = down @ rotations(rng.normal(0, 0.05, (12, 3)))
    points = rng.uniform([-20, -15, 0], [60, 45, 6], (400, 3))
    truth = Block(places, R, points, LENS, np.zeros((1, 3)))
    photo, point = (a.ravel() for a in np.meshgrid(range(12), range(400), indexing="ij"))
    seen = np.einsum("nji,nj->ni", R[photo], points[point] - places[photo])
    pixels, _, _ = project(seen, LENS.repeat(len(seen), 0), TANGENTIAL.repeat(len(seen), 0))
    inside = (np.abs(pixels - [640, 480]) <= [640, 480]).all(axis=1)
    observed = Observed(
        photo=photo[inside],
        point=point[inside],
        pixels_px=pixels[inside] + rng.normal(0, noise_px, (inside.sum(), 2)),
        sigma_px=np.full(inside.sum(), noise_px),
        lens=np.zeros(12, np.intp),
        tangential=TANGENTIAL,
        ground_sigma_m=np.full((400, 3), np.inf),
        ground_m=np.zeros((400, 3)),
    )
    turn = np.tile([0.02, 0.02, 0.03], (12, 1))
    prior = Prior(
        positions_m=places + rng.normal(0, 0.5, (12, 3)),
        relative_sigma_m=np.full((12, 3), 0.5),
        flight=np.zeros(12, np.intp),
        shared_sigma_m=np.full((1, 3), 1e-3),
        R=R @ rotations(rng.normal(0, 1, (12, 3)) * turn),
        turn_sigma_rad=turn,
        lens=LENS,
        lens_sigma=np.full((1, 5), 1e-6),
    )
    start = Block(
        prior.positions_m, prior.R, points + rng.normal(0, 1, (400, 3)), LENS, 0 * LENS[:, :3]
    )
    return truth, start, observed, prior


def test_poses_come_nearer_to_the_truth_and_their_doubt_is_honest():
    shares = []
    for seed in range(4):
        truth, start, observed, prior = block_of_photos(np.random.default_rng(seed))
        fit = fit_bundle(start, observed, prior)
        turn = rotation_vectors(np.einsum("nji,njk->nik", truth.R, fit.block.R))
        error = np.hstack([fit.block.positions_m - truth.positions_m, turn])
        sigma = np.sqrt(np.diag(fit.covariance)).reshape(12, 6)
        # A tilt of all together is only as sure as the positions; between photos they agree.
        assert np.degrees(np.abs(turn - turn.mean(axis=0))).max() < 0.1
        shares.append(np.abs(error / sigma) < 2.0)
    assert 0.85 < np.mean(shares) < 1.0


def test_residuals_fall_to_the_noise_of_the_pixels():
    _, start, observed, prior = block_of_photos(np.random.default_rng(9))
    fit = fit_bundle(start, observed, prior)
    assert np.std(fit.residuals_px) == pytest.approx(0.5, abs=0.06)


def test_wrong_matches_hardly_pull():
    rng = np.random.default_rng(3)
    truth, start, observed, prior = block_of_photos(rng)
    wrong = rng.choice(len(observed.photo), len(observed.photo) // 30, replace=False)
    observed.pixels_px[wrong] += rng.normal(0, 80, (len(wrong), 2))
    fit = fit_bundle(start, observed, prior)
    turn = rotation_vectors(np.einsum("nji,njk->nik", truth.R, fit.block.R))
    assert np.degrees(np.abs(turn - turn.mean(axis=0))).max() < 0.15


def test_a_lens_that_was_doubted_is_found_where_heights_differ():
    truth, start, observed, prior = block_of_photos(np.random.default_rng(5), noise_px=0.2)
    wrong = LENS + np.array([[0.01, 2, -2, 0.01, -0.01]])
    doubted = replace(prior, lens=wrong, lens_sigma=np.array([[0.02, 5, 5, 0.05, 0.05]]))
    fit = fit_bundle(replace(start, lens=wrong), observed, doubted)
    assert abs(fit.block.lens[0, 3] - truth.lens[0, 3]) < 0.003
    assert np.std(fit.residuals_px) < 0.25
