"""What was read of photos, as bytes that can be kept; to read them runs no code in them."""

import io
import pickle
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from PIL.TiffImagePlugin import IFDRational

from geo.placement import Placement
from vision.frames import ReadPhoto
from vision.metadata import PhotoTags
from vision.quality import PictureLook

_OURS = (ReadPhoto, PhotoTags, PictureLook, Placement, IFDRational, Fraction)
_KNOWN = {(cls.__module__, cls.__qualname__): cls for cls in _OURS}
_ARRAYS = "vision: an array by its bytes"


class _Writer(pickle.Pickler):
    """Writes arrays as their bytes: numpy's own form names functions of numpy that change."""

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return _ARRAYS, value.dtype.str, value.shape, value.tobytes()
        return None


class _Reader(pickle.Unpickler):
    """Makes only what photos are made of: whoever can write a file may not run a program by it."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError as error:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a photo") from error

    def persistent_load(self, kept: Any) -> Any:
        _, dtype, shape, content = kept
        return np.frombuffer(content, np.dtype(dtype)).reshape(shape)


def photos_entry(photos: Sequence[ReadPhoto]) -> bytes:
    """Photos as bytes; the same photos give the same bytes."""
    out = io.BytesIO()
    _Writer(out, protocol=5).dump(list(photos))
    return out.getvalue()


def photos_in(entry: bytes) -> list[ReadPhoto]:
    """Photos of `photos_entry`.

    Raises:
        pickle.UnpicklingError: the bytes hold something else.
    """
    found: list[ReadPhoto] = _Reader(io.BytesIO(entry)).load()
    return found
