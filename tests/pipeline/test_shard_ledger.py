"""What tasks have finished is there as a whole or not at all."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.files import WriteError
from pipeline.shard_ledger import ShardLedger, name_of


@given(content=st.binary(max_size=200))
def test_an_entry_is_read_as_it_was_put(tmp_path_factory, content):
    ledger = ShardLedger(tmp_path_factory.mktemp("ledger") / "patrol")
    ledger.put("one", content)
    assert ledger.get("one") == content
    assert ledger.names() == {"one"}


FOR_PEOPLE = json.dumps({"patrol": "one", "photos": 5}, indent=1).encode()


def test_json_that_is_written_for_people_stays_json(tmp_path):
    ledger = ShardLedger(tmp_path)
    ledger.put("one", FOR_PEOPLE)
    told = json.loads((tmp_path / "one").read_text())
    assert told == {"check": hashlib.sha256(FOR_PEOPLE).hexdigest(), "patrol": "one", "photos": 5}
    assert ledger.get("one") == FOR_PEOPLE


@pytest.mark.parametrize("content", [b"found", FOR_PEOPLE])
def test_an_entry_of_which_any_byte_is_lost_or_changed_counts_as_none(tmp_path, content):
    ledger = ShardLedger(tmp_path)
    ledger.put("one", content)
    raw = (tmp_path / "one").read_bytes()
    for end in range(len(raw)):
        (tmp_path / "one").write_bytes(raw[:end])
        assert ledger.get("one") is None
        (tmp_path / "one").write_bytes(raw[:end] + bytes([raw[end] ^ 1]) + raw[end + 1 :])
        assert ledger.get("one") is None


def test_what_was_killed_while_it_wrote_is_no_entry(tmp_path):
    ledger = ShardLedger(tmp_path)
    (tmp_path / ".writing-0123").write_bytes(b"half")
    assert ledger.names() == set()
    ledger.put("done", b"")
    ledger.put("part", b"")
    ledger.clear(keep="done")
    assert {path.name for path in tmp_path.iterdir()} == {"done"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=r"file/one: cannot be written"):
        ShardLedger(tmp_path / "file").put("one", b"")


def test_names_differ_with_all_that_a_result_depends_on():
    names = {name_of("read", *parts) for parts in [(1, 2), (12,), ("1", 2), (1, (2,)), ()]}
    assert len(names) == 5
    assert name_of("read", 1, 2) in names
