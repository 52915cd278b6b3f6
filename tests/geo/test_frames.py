import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import box

from geo.frames import LocalFrame

GEOD = Geod(ellps="WGS84")
centres = st.tuples(st.floats(-179, 179), st.floats(-70, 70))
offsets = st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))


@given(centres, offsets)
def test_there_and_back_is_the_same_place(centre, offset):
    frame = LocalFrame(*centre)
    place = np.array([centre]) + np.array([offset])
    back = frame.lonlat_from_xy(frame.xy_from_lonlat(place))
    assert back == pytest.approx(place, abs=1e-10)


@given(centres, offsets, offsets)
def test_distances_agree_with_the_ellipsoid(centre, one, two):
    places = np.array([centre, centre]) + np.array([one, two])
    x, y = np.diff(LocalFrame(*centre).xy_from_lonlat(places), axis=0)[0]
    _, _, distance = GEOD.inv(*places[0], *places[1])
    assert np.hypot(x, y) == pytest.approx(distance, rel=2e-6, abs=1e-4)


@given(centres)
def test_axes_point_east_and_north(centre):
    lon, lat = centre
    xy = LocalFrame(lon, lat).xy_from_lonlat(
        np.array([centre, [lon + 1e-3, lat], [lon, lat + 1e-3]])
    )
    assert xy[0] == pytest.approx([0, 0], abs=2e-4)  # PROJ keeps centres to about 1e-9 degrees
    assert xy[1, 0] > 10 * abs(xy[1, 1])
    assert xy[2, 1] > 10 * abs(xy[2, 0])


def test_a_kilometre_at_45_degrees_is_not_stretched_as_in_web_mercator():
    frame = LocalFrame(9.0, 45.0)
    east, _, _ = GEOD.fwd(9.0, 45.0, 90, 1000)
    assert frame.xy_from_lonlat(np.array([[east, 45.0]]))[0, 0] == pytest.approx(1000, abs=0.1)


@given(centres, offsets)
def test_convergence_is_the_azimuth_of_grid_north(centre, offset):
    frame = LocalFrame(*centre)
    start = frame.xy_from_lonlat(np.array([centre]) + np.array([offset]))[0]
    lonlat = frame.lonlat_from_xy(np.array([start, start + np.array([0, 100])]))
    azimuth, _, _ = GEOD.inv(*lonlat[0], *lonlat[1])
    assert frame.convergence_deg(*lonlat[0]) == pytest.approx(azimuth, abs=1e-4)


def test_frame_around_a_shape_is_centred_on_its_bounds():
    frame = LocalFrame.around(box(120, 31, 121, 33))
    assert (frame.centre_lon_deg, frame.centre_lat_deg) == (120.5, 32)


def test_shapes_go_there_and_back():
    frame, shape = LocalFrame(120.5, 31.5), box(120.49, 31.49, 120.51, 31.51)
    local = frame.to_local(shape)
    assert local.area == pytest.approx(abs(GEOD.geometry_area_perimeter(shape)[0]), rel=1e-5)
    assert frame.to_lonlat(local).equals_exact(shape, 1e-10)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_many_shapes_at_once_lie_where_each_alone_does(count: int):
    frame = LocalFrame(121.4, 32.1)
    shapes = [box(121.4 + k / 1e3, 32.1, 121.4005 + k / 1e3, 32.1005) for k in range(count)]
    together = frame.all_to_local(shapes)
    assert together.shape == (count,)
    alone = [frame.to_local(shape) for shape in shapes]
    assert all(one.equals(other) for one, other in zip(together, alone, strict=True))


def test_crs_says_the_same_to_other_programs():
    from pyproj import Transformer

    frame = LocalFrame(120.5, 31.5)
    other = Transformer.from_crs("EPSG:4326", frame.crs.to_wkt(), always_xy=True)
    xy = frame.xy_from_lonlat(np.array([[120.51, 31.52]]))[0]
    assert other.transform(120.51, 31.52) == pytest.approx(tuple(xy))


@pytest.mark.parametrize("centre", [(200, 0), (0, 91), (float("nan"), 0)])
def test_centre_that_is_no_place_is_refused(centre):
    with pytest.raises(ValueError, match="centre"):
        LocalFrame(*centre)
