import cv2
import numpy as np

from tests.vision.photos import textured
from vision.tie_points import (
    Features,
    Match,
    Tracks,
    features_of,
    held_out,
    matches_of,
    thinned,
    tracks_of,
    verified,
)


def features(count, first=0):
    points = np.column_stack([np.arange(count) + first, np.zeros(count)])
    return Features(points, np.zeros((count, 2), np.float32))


def match(first, second, pairs):
    a, b = np.array(pairs, np.intp).T
    return Match(first, second, a, b)


def test_a_picture_shifted_by_some_pixels_is_matched_there():
    whole = cv2.GaussianBlur(textured(900, 700, seed=3), (0, 0), 1.5)
    one, two = features_of(whole[:600, :800], 800), features_of(whole[40:640, 60:860], 800)
    a, b = matches_of(one, two)
    shift = one.points_px[a] - two.points_px[b]
    assert len(a) > 100
    assert np.mean(np.linalg.norm(shift - [60, 40], axis=1) < 0.5) > 0.95


def test_points_of_a_smaller_picture_are_in_pixels_of_the_photo():
    picture = cv2.GaussianBlur(textured(800, 600, seed=4), (0, 0), 2)
    half = cv2.resize(picture, (400, 300), interpolation=cv2.INTER_AREA)
    a, b = matches_of(full := features_of(picture, 800), small := features_of(half, 800))
    apart = np.linalg.norm(full.points_px[a] - small.points_px[b], axis=1)
    assert np.median(apart) < 0.5


def test_an_empty_picture_has_no_points():
    blank = features_of(np.full((200, 300, 3), 90, np.uint8), 300)
    assert len(blank.points_px) == 0
    assert len(matches_of(blank, blank)[0]) == 0


def test_matches_that_no_two_cameras_can_see_are_left_out():
    rng = np.random.default_rng(0)
    points = rng.uniform([-10, -10, 18], [10, 10, 24], (120, 3))
    first, second = points.copy(), points - [6.0, 1.0, 0.5]
    second[:30] += rng.normal(0, 3, (30, 3))
    good = verified(first, second, 1e-3)
    assert good[30:].mean() > 0.95
    assert good[:30].mean() < 0.2
    assert not verified(first[:10], second[:10], 1e-3).any()


def test_a_track_goes_through_all_its_photos():
    shared = {k: features(4, 10 * k) for k in range(3)}
    tracks = tracks_of([match(0, 1, [(0, 0), (1, 1)]), match(1, 2, [(0, 3)])], shared)
    assert tracks.count == 2
    longest = tracks.pixels_px[tracks.track == 0]
    np.testing.assert_array_equal(longest[:, 0], [0, 10, 23])


def test_a_track_that_meets_one_photo_twice_is_left_out():
    shared = {k: features(4) for k in range(3)}
    tangled = [match(0, 1, [(0, 0)]), match(1, 2, [(0, 0)]), match(0, 2, [(1, 0), (2, 2)])]
    tracks = tracks_of(tangled, shared)
    assert tracks.count == 1
    np.testing.assert_array_equal(tracks.photo, [0, 2])


def test_each_photo_keeps_its_longest_tracks():
    track = np.array([0, 0, 1, 1, 1, 2, 2])
    photo = np.array([0, 1, 0, 1, 2, 0, 1])
    kept = thinned(Tracks(track, photo, np.zeros((7, 2))), 1)
    assert kept.count == 1
    np.testing.assert_array_equal(kept.photo, [0, 1, 2])


def test_a_tenth_of_the_tracks_is_kept_for_checking():
    tracks = Tracks(np.repeat(np.arange(40), 2), np.tile([0, 1], 40), np.zeros((80, 2)))
    fitted, check = held_out(tracks)
    assert (fitted.count, check.count) == (36, 4)
