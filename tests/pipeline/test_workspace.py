"""Products have names, and JSON keeps what was meant."""

from pathlib import Path

import pytest

from pipeline.errors import MissingProductError, PipelineError
from pipeline.workspace import (
    Workspace,
    read_json,
    refuse_foreign_folder,
    require,
    write_json,
)


def test_a_product_that_is_not_there_names_its_verb(tmp_path: Path) -> None:
    with pytest.raises(MissingProductError, match="aerogrid detect"):
        require(tmp_path / "detections.json", "detect")


def test_json_keeps_chinese_and_order(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "网格"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n "a": "网格",\n "b": 1\n}\n'
    assert read_json(tmp_path / "a.json") == {"a": "网格", "b": 1}


def test_damaged_json_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(PipelineError, match=r"a\.json: cannot be read as JSON"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".DS_Store", ""),
        ("frames.parquet", "cut short"),
        ("inputs.json", '{"photos": "../photos"}'),
        ("demo.json", '{"asked": {}}'),
    ],
)
def test_a_patrol_takes_a_new_folder_or_its_own(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    refuse_foreign_folder(Workspace(tmp_path))
    refuse_foreign_folder(Workspace(tmp_path / "new"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("thesis.docx", ""),
        ("photos/a.jpg", ""),
        ("report/thesis.docx", ""),
        ("plan/plan.json", "{}"),
        ("overlays/a.jpg", ""),
        ("settings.json", "{}"),
        ("inputs.json", '{"other": 1}'),
        ("inputs.json", "[]"),
        ("demo.json", "no JSON"),
    ],
)
def test_a_patrol_does_not_mix_with_other_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(PipelineError, match=r"and is no patrol.*Give a new folder"):
        refuse_foreign_folder(Workspace(tmp_path))
    assert (tmp_path / name).read_text() == text
