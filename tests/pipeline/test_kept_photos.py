"""Photos as they were read can be kept, and reading them runs nothing."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.kept_photos import photos_entry, photos_in
from tests.vision.photos import GIMBAL, HEIGHTS, save_photo
from vision.frames import ReadPhoto, photos_below, read_photo

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared"))


def assert_kept(photo: ReadPhoto) -> None:
    (kept,) = photos_in(photos_entry([photo]))
    if photo.look is not None:
        assert kept.look.thumbnail.dtype == photo.look.thumbnail.dtype
        np.testing.assert_array_equal(kept.look.thumbnail, photo.look.thumbnail)
        same = replace(kept.look, thumbnail=photo.look.thumbnail)
        kept = replace(kept, look=same)
        assert repr(kept.look) == repr(photo.look)
    assert repr(kept) == repr(photo)


def test_a_photo_is_kept_as_it_was_read(tmp_path):
    path = tmp_path / "a.jpg"
    save_photo(path, xmp=GIMBAL | HEIGHTS)
    assert_kept(read_photo("a", path, tmp_path))


def test_what_is_no_photo_is_kept_with_what_is_wrong(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    photo = read_photo("b", tmp_path / "b.jpg", tmp_path)
    assert photo.problem
    assert_kept(photo)


def test_photos_of_real_cameras_are_kept_as_they_were_read():
    folder = DATA / "georef"
    if not folder.is_dir():
        pytest.skip("the test data is not at hand (AEROGRID_DATA)")
    photos = list(photos_below(folder).items())[1::6]
    assert len(photos) > 3
    for photo_id, path in photos:
        assert_kept(read_photo(photo_id, path, folder))


class Program:
    def __reduce__(self):
        return os.system, ("true",)


def test_an_entry_that_holds_a_program_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="system is no part of a photo"):
        photos_in(pickle.dumps([Program()]))
