"""Photos go when nobody needs them any more, and no evidence ever does."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Findings, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.tables import EventRow
from cli.main import main
from pipeline import retiring
from pipeline.analysis import ingest
from pipeline.errors import PipelineError
from pipeline.inputs import read_inputs
from pipeline.retiring import RETIRED, retire, what_would_go
from pipeline.settings import Settings
from pipeline.workspace import Workspace, read_json
from tests.pipeline.test_reporting import BUILDING, SMOKE, patrol
from tests.review.conftest import make_proposal
from vision.frame_table import read_frame_table
from vision.images import sha256_of

__all__ = ["patrol"]
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def names(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.photos.iterdir()}


def decide(workspace: Workspace, **stages: str) -> None:
    """Take decisions on cases, by action."""
    with Registry.open(workspace.registry) as registry:
        for action, case_no in stages.items():
            version = registry.case(case_no).version
            registry.decide(
                case_no, action, actor="Chen Jing", reason="seen", expected_version=version,
                now=LATER,
            )  # fmt: skip


@pytest.fixture
def ended(patrol: Workspace) -> Workspace:
    """Both cases rejected; c is evidence of none."""
    decide(patrol, reject=BUILDING)
    decide(patrol, reject=SMOKE)
    return patrol


def test_evidence_of_a_rejected_case_stays_and_the_rest_goes(ended: Workspace):
    kept = {path.name: sha256_of(path) for path in ended.photos.iterdir()}
    told = what_would_go(ended, LATER)
    assert [frame.path for frame, _ in told.going] == ["c.jpg"]
    assert names(ended) == {"a.jpg", "b.jpg", "c.jpg"}
    went, changed = retire(ended, LATER, now=LATER)
    assert (went.going, changed) == (told.going, [])
    assert names(ended) == {"a.jpg", "b.jpg"}
    assert read_json(ended.root / RETIRED)["c.jpg"]["sha256"] == kept["c.jpg"]
    with Registry.open(ended.registry) as registry:
        assert registry.verify_chain().is_intact
    again, _ = retire(ended, LATER, now=LATER)
    assert (again.going, again.gone, again.evidence) == ((), 1, 2)


def test_a_patrol_whose_photos_went_is_not_analysed_again(ended: Workspace):
    retire(ended, LATER, now=LATER)
    before = {path: path.read_bytes() for path in ended.root.iterdir() if path.is_file()}
    with pytest.raises(PipelineError, match="photos of this patrol were taken away"):
        ingest(ended, read_inputs(ended), Settings())
    assert {path: path.read_bytes() for path in before} == before


def test_the_history_holds_the_hash_of_the_list(ended: Workspace):
    retire(ended, LATER, now=LATER)
    with Registry.open(ended.registry) as registry, registry._read() as session:
        last = session.scalars(select(EventRow).order_by(EventRow.seq.desc())).first()
    assert last.action == "retire"
    assert last.details == {
        "patrol": "p", "photos": 1, "list_sha256": sha256_of(ended.root / RETIRED)
    }  # fmt: skip


@pytest.mark.parametrize("decided", [{}, {"confirm": BUILDING}])
def test_a_case_under_way_keeps_all_photos_of_its_patrol(patrol: Workspace, decided):
    decide(patrol, **decided)
    assert Stage.ESTABLISHED in OPEN_STAGES
    told = what_would_go(patrol, LATER)
    assert (told.going, told.under_way) == ((), 2)
    assert retire(patrol, LATER, now=LATER)[0].going == ()
    assert len(names(patrol)) == 3


def test_a_case_that_sleeps_keeps_them_too(patrol: Workspace):
    decide(patrol, reject=BUILDING)
    decide(patrol, snooze=SMOKE)
    assert what_would_go(patrol, LATER).under_way == 1


def test_young_photos_and_other_files_stay(ended: Workspace):
    taken_at = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)
    assert what_would_go(ended, taken_at).going == ()
    (ended.photos / "c.jpg").write_bytes(b"another picture")
    went, changed = retire(ended, LATER, now=LATER)
    assert (went.going, changed) == ((), ["c.jpg"])
    assert (ended.photos / "c.jpg").read_bytes() == b"another picture"


def test_a_photo_that_says_no_time_stays_and_is_counted_apart(ended, monkeypatch, capsys):
    frames = read_frame_table(ended.frames)
    undated = [replace(f, taken_at=None) if f.path == "c.jpg" else f for f in frames]
    monkeypatch.setattr(retiring, "read_frame_table", lambda _: undated)
    told = retire(ended, LATER, now=LATER)[0]
    assert (told.going, told.young, told.undated) == ((), 0, 1)
    assert len(names(ended)) == 3
    given = ("photos", "retire", ended.root, "--before", "2027-01-01T00:00Z")
    monkeypatch.setattr("sys.argv", ["aerogrid", *map(str, given)])
    with pytest.raises(SystemExit):
        main()
    assert "1 photo without a time: of unknown age, never removed" in capsys.readouterr().out


def file_meanwhile(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, *, is_rejected: bool
) -> None:
    """Let another program file a case with c as evidence while the photos are hashed."""
    photos = {frame.photo_id: frame.sha256 for frame in read_frame_table(workspace.frames)}
    findings = Findings((make_proposal(2, "building.unpermitted", "building", ["c"]),), ())

    def hashed(path: Path) -> str:
        monkeypatch.undo()
        record = PatrolRecord("p", LATER, "cd" * 32, photos)
        with Registry.open(workspace.registry) as registry:
            filed = registry.file(
                record, findings, rulebook=load_rulebook(), footprints=(), now=LATER
            )
        if is_rejected:
            decide(workspace, reject=filed.new[0])
        return sha256_of(path)

    monkeypatch.setattr(retiring, "sha256_of", hashed)


@pytest.mark.parametrize("is_rejected", [True, False])
def test_what_becomes_evidence_while_photos_are_hashed_stays(
    ended: Workspace, monkeypatch, is_rejected: bool
):
    assert len(what_would_go(ended, LATER).going) == 1
    file_meanwhile(monkeypatch, ended, is_rejected=is_rejected)
    went, changed = retire(ended, LATER, now=LATER)
    assert (went.going, went.evidence, changed) == ((), 3, [])
    assert (went.under_way == 0) is is_rejected
    assert names(ended) == {"a.jpg", "b.jpg", "c.jpg"}
    assert not (ended.root / RETIRED).exists()


def test_a_patrol_that_is_not_filed_as_it_is_keeps_all(ended: Workspace):
    ended.filing.unlink()
    with pytest.raises(PipelineError):
        retire(ended, LATER, now=LATER)
    assert len(names(ended)) == 3


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["aerogrid", "photos", "retire", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_the_verb_removes_nothing_without_yes(ended: Workspace, monkeypatch, capsys):
    given = (ended.root, "--before", "2027-01-01T00:00Z")
    assert run(monkeypatch, *given) == 0
    assert "nothing was removed" in capsys.readouterr().out
    assert len(names(ended)) == 3
    assert run(monkeypatch, *given, "--yes", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["patrols"].values()
    assert told["going"] == ["c.jpg"]
    assert names(ended) == {"a.jpg", "b.jpg"}
    assert run(monkeypatch, ended.root, "--before", "2027-01-01") == 1
    (ended.photos / "c.jpg").write_bytes(b"another picture")
    assert run(monkeypatch, *given, "--yes") == 3
    assert Path(ended.photos / "c.jpg").exists()


def test_a_patrol_that_is_refused_keeps_all_and_stops_no_other(
    ended, tmp_path, monkeypatch, capsys
):
    """Of `patrols/*`, which names the catalogue of all of them, too."""
    (ended.root.parent / "catalog.json").write_text("{}")
    unfiled = ended.root.parent / "another"
    unfiled.mkdir()
    given = [*sorted(ended.root.parent.iterdir()), "--before", "2027-01-01T00:00Z", "--yes"]
    assert given[0] == unfiled
    assert run(monkeypatch, *given, "--json") == 3
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert [item["going"] for item in answer["patrols"].values()] == [["c.jpg"]]
    assert list(answer["refused"]) == [str(unfiled)]
    assert "another" in told.err
    assert names(ended) == {"a.jpg", "b.jpg"}
