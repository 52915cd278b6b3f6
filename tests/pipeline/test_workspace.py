"""Products have names, and JSON keeps what was meant."""

from pathlib import Path

import pytest

from pipeline.errors import MissingProductError, PipelineError
from pipeline.workspace import read_json, require, write_json


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
