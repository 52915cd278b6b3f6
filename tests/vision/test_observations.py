import sqlite3
from contextlib import closing
from dataclasses import replace

import geopandas
import pyogrio
import pytest

from geo.formats import write_features
from tests.vision.scene import EXACT
from tests.vision.test_associate import Patrol, scattered
from vision.errors import VisionError
from vision.observations import (
    observations_digest,
    observations_source,
    read_observations,
    source_digest,
    write_observations,
)


@pytest.fixture(scope="module")
def observations():
    return Patrol(scattered(40, 1), EXACT, 1).observations


def test_observations_come_back_as_they_were(tmp_path, observations):
    write_observations(tmp_path / "o.gpkg", observations)
    back = read_observations(tmp_path / "o.gpkg")
    for one, other in zip(back, observations, strict=True):
        assert one.polygon.equals_exact(other.polygon, 1e-12)
        assert one.detections_px[0].equals_exact(other.detections_px[0], 0.01)
        for name in ("observation_id", "class_name", "score", "photo_ids", "seen_at", "cell_code",
                     "other_cells", "covariance_m2", "area_m2"):  # fmt: skip
            assert getattr(one, name) == getattr(other, name)


def test_what_was_seen_from_the_side_alone_stays_so(tmp_path, observations):
    told = [replace(observations[0], is_aslant=True), observations[1]]
    write_observations(tmp_path / "o.gpkg", told)
    assert [item.is_aslant for item in read_observations(tmp_path / "o.gpkg")] == [True, False]


def test_the_same_observations_give_the_same_bytes(tmp_path, observations):
    for name in ("a.gpkg", "b.gpkg"):
        write_observations(tmp_path / name, observations)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_digest_is_of_the_rows_not_of_the_file(tmp_path, observations):
    write_observations(tmp_path / "o.gpkg", observations, "abc")
    digest = observations_digest(read_observations(tmp_path / "o.gpkg"))
    with closing(sqlite3.connect(tmp_path / "o.gpkg")) as database, database:
        database.execute("UPDATE gpkg_contents SET last_change = '2026-01-01T00:00:00Z'")
    assert observations_digest(read_observations(tmp_path / "o.gpkg")) == digest
    moved = replace(observations[0], covariance_m2=(9.0, 0.0, 9.0))
    assert observations_digest([moved]) != observations_digest(observations[:1])
    assert observations_digest(observations[1:]) != observations_digest(observations[:-1])


def test_a_gis_sees_polygons_in_lon_lat(tmp_path, observations):
    write_observations(tmp_path / "o.gpkg", observations)
    table = geopandas.read_file(tmp_path / "o.gpkg")
    assert table.crs.to_epsg() == 4326
    assert set(table.geom_type) == {"Polygon"}
    assert len(table) == len(observations)


def test_a_second_run_replaces_the_first(tmp_path, observations):
    write_observations(tmp_path / "o.gpkg", observations)
    write_observations(tmp_path / "o.gpkg", observations[:1])
    assert len(read_observations(tmp_path / "o.gpkg")) == 1


def test_no_observations_give_a_layer_without_rows(tmp_path):
    write_observations(tmp_path / "o.gpkg", ())
    assert read_observations(tmp_path / "o.gpkg") == ()


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(VisionError, match="aerogrid locate"):
        read_observations(tmp_path / "absent.gpkg")
    (tmp_path / "x.gpkg").write_text("x")
    with pytest.raises(VisionError, match="no observation file"):
        read_observations(tmp_path / "x.gpkg")


@pytest.mark.parametrize("number", [0, 3])
def test_a_file_says_what_it_was_made_from(tmp_path, observations, number):
    source = tmp_path / "detections.json"
    source.write_text("one")
    digest = source_digest(source)
    for name in ("a.gpkg", "b.gpkg"):
        write_observations(tmp_path / name, observations[:number], digest)
    assert observations_source(tmp_path / "a.gpkg") == digest
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    source.write_text("two")
    assert source_digest(source) != digest


def test_a_file_that_does_not_say_its_source_has_none(tmp_path, observations):
    write_observations(tmp_path / "o.gpkg", observations[:1])
    assert observations_source(tmp_path / "o.gpkg") == ""


def test_the_source_of_a_foreign_file_is_refused(tmp_path, observations):
    with pytest.raises(VisionError, match="aerogrid locate"):
        observations_source(tmp_path / "absent.gpkg")
    write_features(tmp_path / "x.gpkg", "cells", [{"geometry": observations[0].polygon}])
    with pytest.raises(VisionError, match="no observation file"):
        observations_source(tmp_path / "x.gpkg")
    with pytest.raises(VisionError, match="no observation file"):
        read_observations(tmp_path / "x.gpkg")


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(VisionError, match="absent"):
        source_digest(tmp_path / "absent")


def test_writing_leaves_the_date_option_of_other_programs_alone(tmp_path, observations):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2020-02-02T00:00:00Z"})
    try:
        write_observations(tmp_path / "o.gpkg", observations[:1])
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "2020-02-02T00:00:00Z"
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
