"""What is put to the test is what its fingerprint tells."""

import hashlib
import itertools

import pytest

from flight import plan_file
from missions.errors import MissionError
from missions.mission_json import write_sortie
from missions.waypoints import write_waypoints
from simulations.task import read_task
from tests.simulations.gates import DRONE, gate_sortie


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
