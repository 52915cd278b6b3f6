import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer

from geo.placement import Placement
from geo.raster import read_placement

UTM = Placement((0.1, 0.02, 341_000.0, 0.02, -0.1, 3_675_000.0), "EPSG:32651")


def test_pixels_lie_where_the_geotransform_says():
    to_utm = Transformer.from_crs(4326, 32651, always_xy=True)
    lonlat = UTM.lonlat_from_pixels(np.array([[-0.5, -0.5], [99.5, 49.5]]))
    x, y = to_utm.transform(*lonlat.T)
    np.testing.assert_allclose(x, [341_000.0, 341_011.0], atol=1e-6)
    np.testing.assert_allclose(y, [3_675_000.0, 3_674_997.0], atol=1e-6)


def test_its_gsd_is_the_root_of_a_pixels_area():
    assert UTM.gsd_m(1000, 800) == pytest.approx(np.sqrt(0.1**2 + 0.02**2), rel=0.005)


def test_its_outline_goes_around_the_outer_corners():
    outline = UTM.outline(100, 50)
    corners = UTM.lonlat_from_pixels(np.array([[-0.5, -0.5], [99.5, 49.5]]))
    xy = np.array(outline.exterior.coords)
    assert np.abs(xy - corners[0]).sum(axis=1).min() < 1e-12
    assert np.abs(xy - corners[1]).sum(axis=1).min() < 1e-12


def test_a_transform_without_area_is_refused():
    with pytest.raises(ValueError, match="span a plane"):
        Placement((1.0, 2.0, 0.0, 2.0, 4.0, 0.0), "EPSG:4326")


def test_only_rasters_that_say_so_have_a_place(tmp_path):
    options = {"driver": "GTiff", "width": 4, "height": 3, "count": 1, "dtype": "uint8"}
    with rasterio.open(
        tmp_path / "map.tif", "w", crs="EPSG:32651", transform=Affine(*UTM.transform), **options
    ) as out:
        out.write(np.zeros((1, 3, 4), np.uint8))
    found = read_placement(tmp_path / "map.tif")
    assert found.transform == UTM.transform
    (tmp_path / "torn.tif").write_bytes(b"II*\0")
    assert read_placement(tmp_path / "torn.tif") is None
