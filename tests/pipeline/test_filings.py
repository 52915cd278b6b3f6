"""What filing did is remembered, and a file that a person damaged is refused by name."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cases.model import FilingResult, Findings, Head, PatrolRecord
from pipeline.errors import MissingProductError, PipelineError
from pipeline.filings import (
    head_of,
    read_filing,
    refuse_lost_registry,
    settings_as_filed,
    write_filing,
)
from pipeline.handing_out import write_sheet
from pipeline.settings import Filing, Settings
from pipeline.workspace import Workspace

PATROL = PatrolRecord("p", datetime(2026, 6, 10, tzinfo=UTC), "ab", {})


@pytest.fixture
def filed(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    result = FilingResult(("a",), ("b",), ("c",), ("d",), head=Head(7, "ef"))
    by = Filing(registry="postgresql://db/cases", rules=Path("/rules.toml"))
    write_filing(workspace, PATROL, Findings((), ()), result, observations="12", by=by)
    return workspace


def test_what_the_registry_answered_comes_back(filed: Workspace) -> None:
    record = read_filing(filed)
    assert (record.patrol_id, record.observations) == ("p", "12")
    assert record.result("x").lists() == {
        "new": ["a"], "same": ["b"], "gone": ["c"], "withdrawn": ["d"],
    }  # fmt: skip
    assert head_of(filed) == Head(7, "ef", str(filed.filing))


def test_later_verbs_go_by_what_was_filed_by(filed: Workspace) -> None:
    settings = settings_as_filed(filed, Settings(filing=Filing(registry="other.sqlite")))
    assert settings.filing.registry == "postgresql://db/cases"
    assert settings.filing.rules == Path("/rules.toml")


def test_before_filing_the_settings_hold(tmp_path: Path) -> None:
    assert settings_as_filed(Workspace(tmp_path), Settings()) == Settings()
    with pytest.raises(MissingProductError, match="aerogrid file"):
        read_filing(Workspace(tmp_path))


def test_a_registry_that_is_gone_is_not_made_anew_by_asking(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    result = FilingResult(("a",), (), (), (), head=Head(7, "ef"))
    write_filing(workspace, PATROL, Findings((), ()), result, observations="12", by=Filing())
    with pytest.raises(PipelineError, match=r"cases\.sqlite: the case registry that .* is gone"):
        refuse_lost_registry(workspace)
    with pytest.raises(PipelineError, match="is gone"):
        write_sheet([tmp_path], "a", tmp_path / "a.html", now=PATROL.flown_at)
    assert not workspace.registry.exists()
    workspace.registry.touch()
    refuse_lost_registry(workspace)


@pytest.mark.parametrize("value", [[], None, "x", 3, {}])
def test_a_file_of_another_form_is_refused_by_name(filed: Workspace, value: object) -> None:
    filed.filing.write_text(json.dumps(value))
    with pytest.raises(PipelineError, match=r"filing\.json: is not what `aerogrid file` writes"):
        read_filing(filed)


@pytest.mark.parametrize(
    ("key", "value"),
    [("patrol_id", 3), ("patrol_id", ""), ("new", "a"), ("gone", [1]), ("head", []), ("by", 1)],
)
def test_a_damaged_value_is_named(filed: Workspace, key: str, value: object) -> None:
    told = json.loads(filed.filing.read_text())
    filed.filing.write_text(json.dumps({**told, key: value}))
    with pytest.raises(PipelineError, match=key):
        read_filing(filed)
    del told[key]
    filed.filing.write_text(json.dumps(told))
    with pytest.raises(PipelineError, match=f"{key}: Field required"):
        read_filing(filed)
