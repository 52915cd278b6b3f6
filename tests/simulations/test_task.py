"""What is put to the test is what its fingerprint tells."""

import hashlib
import itertools

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from flight import plan_file
from geo.terrain import FlatTerrain, RasterTerrain
from missions.errors import MissionError
from missions.mission_json import write_sortie
from missions.waypoints import write_waypoints
from simulations.task import check_ground, read_task, read_tasks
from tests.flight.sorties import HOME
from tests.simulations.gates import DRONE, gate_sortie, task_of


def test_a_file_of_ours_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a.mission.json"
    write_sortie(path, gate_sortie("first"))
    first = path.read_bytes()
    read = plan_file.read_bytes

    def read_and_change(path):
        data = read(path)
        write_sortie(path, gate_sortie("second"))
        return data

    monkeypatch.setattr(plan_file, "read_bytes", read_and_change)
    task = read_task(path, DRONE)
    assert task.code == "first"
    assert task.sha256 == hashlib.sha256(first).hexdigest()


def test_a_foreign_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.waypoints"
    write_waypoints(path, gate_sortie())
    digests = itertools.count()
    monkeypatch.setattr("simulations.task.sha256_of", lambda path: str(next(digests)))
    with pytest.raises(MissionError, match="was changed while it was read"):
        read_task(path, DRONE)


def test_a_dem_that_ends_before_the_mission_does_is_refused(tmp_path):
    task = task_of(tmp_path)
    check_ground(task, FlatTerrain(3.0), tmp_path / "flat.tif")
    north = max(lat_deg for _, lat_deg in task.places_lonlat_deg)
    values = np.zeros((10, 10), np.float32)
    transform = Affine(1e-3, 0, HOME.lon_deg - 5e-3, 0, -1e-3, north - 1e-5)
    short = RasterTerrain(values, transform, CRS.from_epsg(4326))
    with pytest.raises(MissionError, match=r"short\.tif: knows no ground at 1.*T-1\.mission\.json"):
        check_ground(task, short, tmp_path / "short.tif")
    good = (tmp_path / f"{task.code}.mission.json", tmp_path / "none.mission.json")
    tasks, unread = read_tasks(good, DRONE, (FlatTerrain(3.0), tmp_path / "flat.tif"))
    assert [task.code for task in tasks] == ["T-1"]
    assert [file.path.name for file in unread] == ["none.mission.json"]
    tasks, unread = read_tasks(good[:1], DRONE, (short, tmp_path / "short.tif"))
    assert tasks == []
    assert "knows no ground" in unread[0].message
