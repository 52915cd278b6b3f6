"""A patrol remembers what it was given."""

import shutil
from pathlib import Path

import pytest

from pipeline.errors import MissingProductError, PipelineError
from pipeline.inputs import Inputs, read_inputs, write_inputs
from pipeline.workspace import Workspace


def given(root: Path) -> Inputs:
    (root / "photos").mkdir(parents=True)
    (root / "cells.gpkg").touch()
    return Inputs(root / "photos", root / "cells.gpkg")


def test_inputs_come_back(tmp_path: Path) -> None:
    inputs = given(tmp_path / "data")
    write_inputs(Workspace(tmp_path / "patrol"), inputs)
    assert read_inputs(Workspace(tmp_path / "patrol")) == inputs


def test_patrol_and_data_can_move_together(tmp_path: Path) -> None:
    write_inputs(Workspace(tmp_path / "old" / "patrol"), given(tmp_path / "old"))
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert read_inputs(Workspace(tmp_path / "new" / "patrol")).photos == tmp_path / "new" / "photos"


def test_an_input_that_has_gone_is_named(tmp_path: Path) -> None:
    inputs = given(tmp_path)
    write_inputs(Workspace(tmp_path / "patrol"), inputs)
    (tmp_path / "cells.gpkg").unlink()
    with pytest.raises(PipelineError, match=r"cells\.gpkg: the cells .* is gone"):
        read_inputs(Workspace(tmp_path / "patrol"))


def test_a_folder_without_a_patrol_names_ingest(tmp_path: Path) -> None:
    with pytest.raises(MissingProductError, match="aerogrid ingest"):
        read_inputs(Workspace(tmp_path))


@pytest.mark.parametrize("text", ["[]", "{}", "3", '{"photos": 3}', '{"photos": ["a"]}'])
def test_damaged_inputs_are_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "inputs.json").write_text(text)
    with pytest.raises(PipelineError, match=r"inputs\.json: is not what `aerogrid ingest` writes"):
        read_inputs(Workspace(tmp_path))
