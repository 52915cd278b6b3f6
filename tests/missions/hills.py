"""Ground for tests: rasters of known shape around the tests' frame."""

import numpy as np
from affine import Affine
from pyproj import CRS

from geo.frames import LocalFrame
from geo.terrain import RasterTerrain
from tests.missions.shapes import FRAME


def raster(height_at, *, pixel_m=20.0, reach_m=1200.0, frame: LocalFrame = FRAME):
    """A raster whose pixels' centres have `height_at(x, y)`, in the metres of a frame."""
    steps = np.arange(-reach_m, reach_m, pixel_m) + pixel_m / 2
    x, y = np.meshgrid(steps, steps[::-1])
    values = np.asarray(height_at(x, y) + 0 * x, dtype=np.float32)
    transform = Affine(pixel_m, 0, -reach_m, 0, -pixel_m, reach_m)
    return RasterTerrain(values, transform, CRS.from_wkt(frame.crs.to_wkt()))


def random_hills(seed, *, relief_m, wavelength_m=600.0, base_m=200.0, pixel_m=30.0):
    """Smooth hills from a few waves with a seed; `relief_m` between valleys and tops, about."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(6, 2)) * 2 * np.pi / wavelength_m
    phases, sizes = rng.uniform(0, 2 * np.pi, 6), rng.uniform(0.3, 1.0, 6)
    sizes *= relief_m / 2 / sizes.sum()

    def height_at(x, y):
        angles = waves[:, :1, None] * x + waves[:, 1:, None] * y + phases[:, None, None]
        return base_m + np.tensordot(sizes, np.sin(angles), axes=1)

    return raster(height_at, pixel_m=pixel_m)
