from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.pose import Attitude
from tests.vision.photos import textured
from tests.vision.scene import SCALE, frame_of, pose_at, renamed
from vision.model import AcceptableFlaw
from vision.quality import (
    DISQUALIFYING,
    QualityLimits,
    blur_of,
    find_duplicates,
    is_worth_looking,
    look_at,
    picture_flaws,
    shows_absence,
    size_flaws,
    with_accepted,
    with_scale_remarks,
)

LIMITS = QualityLimits()


def flaws(image):
    return picture_flaws(look_at(image), LIMITS)


def test_a_good_picture_has_no_flaws():
    assert flaws(textured()) == []


def noisy(image, sigma):
    noise = np.random.default_rng(1).normal(0, sigma, image.shape[:2])[:, :, None]
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


def lens_cap(sigma):
    return noisy(np.full((480, 640, 3), 2.0), sigma)


def night():
    """A street by night: black but for noise and three lamps."""
    image = textured() / 60
    for row, column in ((40, 50), (200, 300), (400, 600)):
        image[row : row + 12, column : column + 12] = 250
    return noisy(image, 2.0)


def dark_water(boat, sigma=0.5, level=23):
    """A grey boat of 24 x 8 pixels on water of one dark colour."""
    image = np.full((480, 640, 3), float(level))
    image[236:244, 300:324] = boat
    return noisy(image, sigma)


@pytest.mark.parametrize("boat", [60, 200])
@pytest.mark.parametrize("level", [8, 23, 37])
def test_dark_water_with_a_boat_on_it_is_searched(boat, level):
    (remark,) = flaws(dark_water(boat, level=level))
    assert remark.startswith("dim: the brightest hundredth is at ")
    photo = renamed(frame_of("a", None), reasons=(remark,))
    assert is_worth_looking(photo)
    assert not shows_absence(photo)


def test_dark_water_with_nothing_on_it_is_empty():
    assert [reason.split(":")[0] for reason in flaws(dark_water(23))] == ["dim", "empty"]


def test_a_photo_in_good_light_shows_what_is_not_there():
    assert shows_absence(frame_of("a", None))
    assert not shows_absence(renamed(frame_of("a", None), reasons=("blurred: blur 0.7",)))


@pytest.mark.parametrize(
    ("image", "flaw"),
    [
        (cv2.GaussianBlur(textured(), (0, 0), 5), "blurred"),
        (cv2.blur(textured(), (25, 1)), "blurred"),
        (textured() // 40, "dark"),
        (lens_cap(0.7), "dark"),
        (lens_cap(3.0), "dark"),
        (night(), "dark"),
        (np.full((300, 400, 3), 252, np.uint8), "overexposed"),
        (np.full((300, 400, 3), 128, np.uint8), "empty"),
    ],
)
def test_a_flaw_is_named_with_its_figure(image, flaw):
    (reason,) = flaws(image)
    assert reason.startswith(f"{flaw}: ")
    assert any(letter.isdigit() for letter in reason)


@given(gain=st.floats(0.2, 1.0))
def test_blur_does_not_depend_on_contrast(gain):
    grey = cv2.GaussianBlur(textured(seed=3)[:, :, 0], (0, 0), 1.5).astype(float)
    dimmed = (grey * gain).round().astype(np.uint8)
    assert blur_of(dimmed) == pytest.approx(blur_of(grey.astype(np.uint8)), abs=0.06)


def test_blur_grows_with_the_filter():
    grey = textured()[:, :, 0]
    figures = [blur_of(cv2.GaussianBlur(grey, (0, 0), s)) for s in (0.5, 1, 2, 4)]
    assert figures == sorted(figures)
    assert 0 <= figures[0] < figures[-1] <= 1


def test_a_picture_of_one_pixel_is_tiny_and_can_be_looked_at():
    assert size_flaws(1, 1, LIMITS)[0].startswith("tiny: 1 x 1 pixels")
    assert look_at(np.zeros((1, 1, 3), np.uint8)).blur == 0.0


def duplicates(*photos):
    frames, images = zip(*photos, strict=True)
    return find_duplicates(frames, [look_at(image) for image in images], LIMITS)


DOWN = Attitude(0.0, -90.0)


def test_the_same_file_twice_is_a_duplicate_of_the_first():
    a = frame_of("a", None)
    assert duplicates((a, textured()), (renamed(a, photo_id="b"), textured())) == {
        "b": "duplicate: the same file as a"
    }


def test_nearly_the_same_picture_from_the_same_place_is_a_duplicate():
    image = textured()
    again = np.clip(image.astype(int) + 1, 0, 255).astype(np.uint8)
    a, b = frame_of("a", pose_at(0, 0, DOWN)), frame_of("b", pose_at(0.2, 0, DOWN))
    assert "b" in duplicates((a, image), (b, again))


def test_the_same_looks_from_elsewhere_are_no_duplicate():
    a, b = frame_of("a", pose_at(0, 0, DOWN)), frame_of("b", pose_at(20, 0, DOWN))
    assert duplicates((a, textured()), (b, textured())) == {}


def test_other_pictures_from_the_same_place_are_no_duplicates():
    a, b = frame_of("a", pose_at(0, 0, DOWN)), frame_of("b", pose_at(0, 0, DOWN))
    assert duplicates((a, textured(seed=1)), (b, textured(seed=2))) == {}


def test_detection_passes_over_flawed_photos():
    photo = renamed(frame_of("a", None), reasons=("blurred: blur 0.7 of 1", "no pose: no GNSS"))
    assert not is_worth_looking(photo)
    assert is_worth_looking(renamed(photo, reasons=("no pose: no GNSS",)))
    broken = renamed(photo, reasons=("unreadable: cut short",))
    assert not is_worth_looking(broken)
    assert photo.is_readable
    assert not broken.is_readable


def test_a_flaw_that_a_person_accepts_stops_no_search_but_shows_no_absence():
    reasons = ("blurred: blur 0.7 of 1", "dark: too dark")
    photo = renamed(frame_of("a", None), reasons=reasons)
    (one,) = with_accepted([photo], ["blurred"])
    assert not is_worth_looking(one)  # it is dark as well
    (both,) = with_accepted([photo], ["blurred", "dark"])
    assert is_worth_looking(both)
    assert not shows_absence(both)
    assert both.reasons == tuple(f"accepted {reason}" for reason in reasons)
    assert with_accepted([photo], []) == (photo,)


def test_every_flaw_that_stops_a_search_can_be_accepted():
    assert set(get_args(AcceptableFlaw)) == {str(flaw) for flaw in DISQUALIFYING}


@pytest.mark.parametrize(
    ("gsd_m", "remark"),
    [
        (0.0162, "fine: 1.62 cm per pixel in the middle, the model is for 3 to 25 cm; it is sea"),
        (0.03, ""),
        (0.25, ""),
        (None, ""),
        (2.0, "coarse: 200 cm per pixel in the middle, the model is for 3 to 25 cm; what it d"),
    ],
)
def test_a_scale_that_the_model_is_not_for_is_remarked_and_searched_all_the_same(gsd_m, remark):
    (frame,) = with_scale_remarks([renamed(frame_of("a", None), gsd_m=gsd_m)], SCALE)
    assert is_worth_looking(frame)
    assert len(frame.reasons) == bool(remark)
    assert "".join(frame.reasons).startswith(remark)
