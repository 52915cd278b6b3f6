"""The demonstration on one cell: it goes on when interrupted and minds what is not its own."""

import json

import pytest

from cases.registry import Registry
from cli import demo
from pipeline import chaining
from pipeline.errors import PipelineError
from review.flights import FlightShelf
from tests.pipeline.rendered import NOW


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "demo"


def test_an_interrupted_demonstration_goes_on(folder, monkeypatch):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(chaining.analysis, "detect", stop)
        with pytest.raises(KeyboardInterrupt):
            demo.demonstrate(folder, seed=4, cell_count=1, workers=2)
    rendered = {path: path.stat().st_mtime_ns for path in (folder / "photos").rglob("*.jpg")}
    outcome = demo.demonstrate(folder, seed=4, cell_count=1, workers=2)
    assert outcome.photos == len(rendered) > 10
    assert all(path.stat().st_mtime_ns == time for path, time in rendered.items())
    assert outcome.score.recall >= 0.8
    assert outcome.score.precision >= 0.8
    assert outcome.score.median_error_m <= 2.5
    assert outcome.score.inside_95_share >= 0.9
    assert not outcome.score.twins_filed
    assert json.loads((folder / "demo.json").read_text())["outcome"]["photos"] == outcome.photos


def test_the_page_shows_each_sortie_as_flown(folder):
    states = FlightShelf([folder]).sorties()
    assert states
    for state in states:
        [flown] = state.flights
        assert flown.completed
        assert flown.photos >= flown.photos_planned == len(state.sortie.photos) > 0


def test_decisions_are_not_removed_without_being_told_to(folder):
    with Registry.open(folder / "cases.sqlite") as registry:
        case = registry.cases()[0]
        registry.decide(
            case.case_no, "confirm", actor="test", expected_version=case.version, now=NOW
        )
    with pytest.raises(PipelineError, match="somebody decided"):
        demo.demonstrate(folder, seed=4, cell_count=1, workers=2)
    with Registry.open(folder / "cases.sqlite") as registry:
        assert registry.case(case.case_no).stage == "established"


def test_a_marker_of_another_program_is_not_ours(tmp_path):
    (tmp_path / "demo.json").write_text('{"my": 1}')
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(PipelineError, match="not made by a demonstration"):
        demo.demonstrate(tmp_path, seed=4, cell_count=1, workers=2)
    assert (tmp_path / "thesis.txt").exists()
