import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Geod
from shapely import box

from geo import raster
from geo.errors import CrsError, TerrainError
from geo.raster import read_terrain, read_terrain_around


def write(path, values, crs="EPSG:4326", transform=None, **more):
    transform = transform or Affine(0.001, 0, 120, 0, -0.001, 32)
    profile = {"driver": "GTiff", "count": 1, "crs": crs, "transform": transform, **more}
    rows, columns = values.shape
    with rasterio.open(path, "w", width=columns, height=rows, dtype=values.dtype, **profile) as out:
        out.write(values, 1)
    return path


SLOPE = np.tile(np.arange(200, dtype=np.float32), (100, 1))


def test_heights_agree_with_rasterio_at_pixel_centres(tmp_path):
    path = write(tmp_path / "dem.tif", SLOPE)
    places = [(120.0105, 31.9505), (120.1505, 31.9995)]
    with rasterio.open(path) as source:
        expected = [value[0] for value in source.sample(places)]
    assert read_terrain(path).altitudes_amsl_m(np.array(places)) == pytest.approx(expected)


def test_nodata_is_unknown(tmp_path):
    values = SLOPE.astype(np.int16)
    values[50, 10] = -32768
    terrain = read_terrain(write(tmp_path / "dem.tif", values, nodata=-32768))
    assert np.isnan(terrain.altitudes_amsl_m(np.array([[120.0105, 31.9495]])))[0]


def test_window_gives_the_same_heights_as_the_whole(tmp_path):
    path, area = write(tmp_path / "dem.tif", SLOPE), box(120.05, 31.95, 120.06, 31.96)
    part, whole = read_terrain(path, area=area), read_terrain(path)
    places = np.array([[120.05, 31.95], [120.0533, 31.9577], [120.06, 31.96]])
    assert part.values.size < whole.values.size / 10
    assert part.altitudes_amsl_m(places).tolist() == whole.altitudes_amsl_m(places).tolist()


def test_raster_in_a_metric_system_is_read_in_lon_lat(tmp_path):
    path = write(tmp_path / "d.tif", SLOPE, "EPSG:4549", Affine(10, 0, 500000, 0, -10, 3500000))
    height = read_terrain(path).altitudes_amsl_m(np.array([[120.01, 31.6185]]))[0]
    assert height == pytest.approx(94.4, abs=0.5)


def test_raster_whose_datum_cannot_be_shifted_is_refused(tmp_path):
    path = write(tmp_path / "d.tif", SLOPE, "EPSG:4610")  # Xian 80
    with pytest.raises(CrsError, match=r"d\.tif: no shift from Xian 1980"):
        read_terrain(path)


def test_scale_and_offset_of_the_file_apply(tmp_path):
    path = write(tmp_path / "dem.tif", np.full((5, 5), 100, dtype=np.int16))
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets = (0.1,), (5.0,)
    height = read_terrain(path).altitudes_amsl_m(np.array([[120.0025, 31.9975]]))
    assert height[0] == pytest.approx(15)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TerrainError, match=r"gone\.tif: no such file"):
        read_terrain(tmp_path / "gone.tif")


def test_file_that_is_no_raster_is_named(tmp_path):
    path = tmp_path / "dem.tif"
    path.write_text("not a raster")
    with pytest.raises(TerrainError, match=r"dem\.tif: not a raster"):
        read_terrain(path)


def test_raster_without_crs_is_refused_with_a_remedy(tmp_path):
    path = write(tmp_path / "dem.tif", SLOPE, crs=None)
    with pytest.raises(CrsError, match="rio edit-info"):
        read_terrain(path)


def test_area_outside_the_raster_is_refused(tmp_path):
    path = write(tmp_path / "dem.tif", SLOPE)
    with pytest.raises(TerrainError, match="does not reach"):
        read_terrain(path, area=box(10, 10, 10.1, 10.1))


def test_raster_too_large_for_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(raster, "MOST_PIXELS", 1000)
    with pytest.raises(TerrainError, match="200 x 100"):
        read_terrain(write(tmp_path / "dem.tif", SLOPE))


def test_of_a_raster_too_large_for_memory_the_part_that_flights_need_is_read(tmp_path, monkeypatch):
    path, area = write(tmp_path / "dem.tif", SLOPE), box(120.05, 31.95, 120.06, 31.955)
    whole = read_terrain(path)
    monkeypatch.setattr(raster, "MOST_PIXELS", 3000)
    part = read_terrain_around(path, area, margin_m=1000.0)
    assert part.values.size < 3000
    places = np.array(area.buffer(0.008).exterior.coords)
    assert part.altitudes_amsl_m(places) == pytest.approx(whole.altitudes_amsl_m(places))


@pytest.mark.parametrize("latitude", [0.0, 60.0, -75.0])
def test_the_margin_is_in_metres_at_any_latitude(tmp_path, latitude):
    transform = Affine(0.002, 0, 19.8, 0, -0.002, latitude + 0.1)
    path = write(tmp_path / "dem.tif", SLOPE, transform=transform)
    part = read_terrain_around(path, box(20.0, latitude, 20.001, latitude + 0.001), 3000.0)
    sides = Geod(ellps="WGS84")
    for azimuth in (0, 90, 180, 270):
        lon, lat, _ = sides.fwd(20.0, latitude, azimuth, 2990.0)
        assert np.isfinite(part.altitudes_amsl_m(np.array([[lon, lat]]))).all()


def test_a_raster_elsewhere_is_read_whole(tmp_path):
    path = write(tmp_path / "dem.tif", SLOPE)
    assert read_terrain_around(path, box(31.9, 120.0, 31.91, 120.01)).values.shape == (100, 200)
