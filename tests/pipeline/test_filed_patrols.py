"""Filed patrols are found by their folders or one that holds several; what is none is refused."""

from pathlib import Path

import pytest

from geo.errors import AerogridError
from pipeline.filed_patrols import FiledPatrol, FiledPatrols
from pipeline.workspace import Workspace
from vision.frame_table import write_frames

from .made_up import file_patrol, made_up_frames, make_patrol


def unfiled(patrol: Path, nth: int, photos: int = 2) -> Workspace:
    return make_patrol(patrol, made_up_frames(nth, photos), patrol / "photos")


@pytest.fixture
def filed(tmp_path: Path):
    """File a patrol of photos of its own into the district's registry, or another one."""

    def make(name: str, nth: int, photos: int = 2, registry: str = "cases.sqlite") -> Path:
        workspace = unfiled(tmp_path / name, nth, photos)
        file_patrol(workspace, tmp_path / registry)
        return workspace.root

    return make


def roots(found: list[FiledPatrol]) -> list[Path]:
    return [patrol.workspace.root for patrol in found]


def refuse(note: str) -> None:
    pytest.fail(f"told {note}")


def test_patrols_are_given_in_the_order_of_the_folders_and_by_name(tmp_path, filed):
    b, a, alone = filed("week/b", 1), filed("week/a", 0), filed("alone", 2)
    (tmp_path / "week" / ".campaign").mkdir()
    (tmp_path / "week" / "notes.txt").touch()
    found = FiledPatrols([alone, tmp_path / "week"]).begin(refuse)
    assert roots(found) == [alone, a, b]
    assert [patrol.photos for patrol in found] == [root / "photos" for root in (alone, a, b)]
    assert len({patrol.patrol_id for patrol in found}) == 3


def test_those_that_are_filed_later_are_found_a_few_at_a_time(tmp_path, filed):
    a, week = filed("week/a", 0), tmp_path / "week"
    waiting = unfiled(week / "b", 1)
    patrols, told = FiledPatrols([week]), []
    assert roots(patrols.begin(told.append)) == [a]
    assert [f"{waiting.root}: not filed yet" in note for note in told] == [True]
    assert patrols.look(refuse, 2) == []
    file_patrol(waiting, tmp_path / "cases.sqlite")
    c, d = filed("week/c", 2), filed("week/d", 3)
    assert roots(patrols.look(refuse, 2)) == [waiting.root, c]
    assert roots(patrols.look(refuse, 2)) == [d]
    assert patrols.look(refuse, 2) == []


def test_one_that_is_filed_anew_is_given_again(tmp_path, filed):
    alone = filed("alone", 0)
    patrols = FiledPatrols([alone])
    patrols.begin(refuse)
    filed("alone", 0, photos=3)
    assert roots(patrols.look(refuse, 9)) == [alone]


def test_what_cannot_be_shown_of_a_folder_is_told_once(tmp_path, filed):
    a, foreign, stale = (
        filed("week/a", 0),
        filed("week/b", 1, registry="x.sqlite"),
        filed("week/c", 2),
    )
    write_frames(Workspace(stale).frames, made_up_frames(2, 3))
    patrols, told = FiledPatrols([tmp_path / "week"]), []
    assert roots(patrols.begin(told.append)) == [a]
    assert [str(foreign) in told[0], "in another registry" in told[0]] == [True, True]
    assert [str(stale) in told[1], "other photos or detections" in told[1]] == [True, True]
    assert patrols.look(refuse, 9) == []


def test_a_named_patrol_that_cannot_be_shown_is_refused(tmp_path, filed):
    alone = filed("alone", 0)
    foreign, stale = filed("foreign", 1, registry="x.sqlite"), filed("stale", 2)
    write_frames(Workspace(stale).frames, made_up_frames(2, 3))
    (tmp_path / "docs" / "old").mkdir(parents=True)
    for named, why in [
        (foreign, "in another registry"),
        (stale, "other photos or detections"),
        (unfiled(tmp_path / "unfiled", 3).root, "not filed yet"),
        (tmp_path / "docs", "holds no patrol"),
        (tmp_path / "gone", "holds no patrol"),
    ]:
        with pytest.raises(AerogridError, match=why):
            FiledPatrols([alone, named]).begin(refuse)


def test_a_folder_may_be_empty_still_but_not_all(tmp_path, filed):
    (tmp_path / "week" / ".campaign").mkdir(parents=True)
    with pytest.raises(AerogridError, match="holds no patrol"):
        FiledPatrols([tmp_path / "week"]).begin(refuse)
    alone, told = filed("alone", 0), []
    patrols = FiledPatrols([alone, tmp_path / "week"])
    assert roots(patrols.begin(told.append)) == [alone]
    assert [f"{tmp_path / 'week'}: holds no patrol yet" in note for note in told] == [True]
    a = filed("week/a", 1)
    assert roots(patrols.look(refuse, 9)) == [a]


def test_a_folder_of_patrols_of_which_none_is_filed_is_refused(tmp_path):
    unfiled(tmp_path / "week" / "a", 0)
    unfiled(tmp_path / "week" / "b", 1)
    with pytest.raises(AerogridError, match="week/a and 1 more: not filed yet"):
        FiledPatrols([tmp_path / "week"]).begin(refuse)


def test_a_folder_that_goes_away_is_told_and_stops_nothing(tmp_path, filed):
    alone = filed("alone", 0)
    filed("week/a", 1)
    patrols, told = FiledPatrols([tmp_path / "week", alone]), []
    assert len(patrols.begin(refuse)) == 2
    (tmp_path / "week").rename(tmp_path / "away")
    assert patrols.look(told.append, 9) == []
    assert ["week: cannot be read" in note for note in told] == [True]
