"""An interrupted search goes on where it stopped."""

from pathlib import Path

import pytest
from shapely import Polygon

from pipeline.ledger import Ledger
from vision.model import Detection

SEEN = Detection("a/1", "smoke", 0.75, Polygon([(0, 0), (9.5, 0), (9.5, 4), (0, 4)]), cut=True)


def test_what_was_put_is_there_after_a_crash(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "part.jsonl")
    ledger.put("one", [SEEN])
    ledger.put("two", [])
    again = Ledger(tmp_path / "part.jsonl")
    assert again.get("one") == [SEEN]
    assert again.get("two") == []
    assert again.get("three") is None
    ledger.close()


def test_a_torn_last_line_is_searched_again(tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    ledger = Ledger(path)
    ledger.put("one", [SEEN])
    ledger.put("two", [SEEN])
    ledger.close()
    path.write_bytes(path.read_bytes()[:-20])
    again = Ledger(path)
    assert again.get("one") == [SEEN]
    assert again.get("two") is None
    again.put("two", [])
    again.close()
    assert len(Ledger(path)) == 2


@pytest.mark.parametrize(
    "line", ["[]", "null", '{"key": "two"}', '{"key": "two", "detections": [1]}']
)
def test_a_line_that_is_not_ours_is_searched_again(tmp_path: Path, line: str) -> None:
    path = tmp_path / "part.jsonl"
    ledger = Ledger(path)
    ledger.put("one", [SEEN])
    ledger.close()
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    assert len(Ledger(path)) == 1


def test_a_finished_search_leaves_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "part.jsonl")
    ledger.put("one", [])
    ledger.remove()
    assert list(tmp_path.iterdir()) == []
