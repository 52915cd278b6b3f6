"""Photos that land one after the other: what is filed on the way is what the whole flight says."""

import shutil
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from cases.registry import Registry
from pipeline import analysis, chaining, surroundings, watching
from pipeline.filing import Seen, file_seen
from pipeline.ground import covered
from pipeline.inputs import Inputs
from pipeline.settings import Settings
from pipeline.watching import Look, Watch
from pipeline.workspace import Workspace
from tests.pipeline.rendered import NOW, make_photos
from vision.coco import search_scale
from vision.detector import OnnxDetector, open_detector
from vision.frame_table import read_frame_table
from vision.package import SHIPPED_MODEL


@pytest.fixture(scope="module")
def flown(tmp_path_factory) -> Inputs:
    """Four photos around one boat, and one file that is no photo."""
    return make_photos(tmp_path_factory.mktemp("flown"))


class Flight:
    """Lets photos land in a folder that is watched."""

    def __init__(self, flown: Inputs, root: Path) -> None:
        self.source = flown.photos
        self.inputs = replace(flown, photos=root / "landing")
        self.workspace = Workspace(root / "patrol")
        self.notes: list[str] = []
        self.now = NOW

    def watch(self) -> Watch:
        return Watch(self.workspace, self.inputs, Settings(), self.notes.append)

    def land(self, *names: str) -> None:
        self.inputs.photos.mkdir(exist_ok=True)
        for name in names:
            shutil.copyfile(self.source / name, self.inputs.photos / name)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.source.glob("test_*.jpg"))

    def look(self, watch: Watch) -> Look:
        """Look twice: once to see what is new, once to see that it does not change."""
        watch.look(self.now)
        self.now += timedelta(seconds=1)
        return watch.look(self.now)

    def cases(self) -> list[tuple[str, str, int]]:
        with Registry.open(self.workspace.registry) as registry:
            return [
                (c.case_no, c.category, len(c.evidence)) for c in registry.cases(order="number")
            ]


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    """The shipped model, loaded once for all tests."""
    return open_detector(SHIPPED_MODEL)


@pytest.fixture
def flight(
    flown: Inputs, tmp_path: Path, detector: OnnxDetector, monkeypatch: pytest.MonkeyPatch
) -> Flight:
    monkeypatch.setattr(watching, "opened", lambda detecting: detector)
    return Flight(flown, tmp_path)


def test_a_case_is_filed_with_the_first_photo_and_grows_with_the_others(flight: Flight):
    watch = flight.watch()
    assert flight.look(watch) == Look(0, (), 0, None)  # not even the folder is there
    evidence = []
    for name in flight.names()[:2]:
        flight.land(name)
        look = flight.look(watch)
        assert (len(look.searched), look.waiting) == (1, 0)
        evidence.append(flight.cases())
    assert [{count for _, _, count in cases} for cases in evidence] == [{1}, {2}]
    assert len({tuple(number for number, _, _ in cases) for cases in evidence}) == 1
    before = flight.workspace.frames.stat().st_mtime_ns
    assert flight.look(watch).result is None  # nothing new changes nothing
    assert flight.workspace.frames.stat().st_mtime_ns == before
    watch.close()


def test_a_photo_that_is_still_being_written_is_left_until_it_is_whole(flight: Flight):
    watch, name = flight.watch(), flight.names()[0]
    whole = (flight.source / name).read_bytes()
    flight.inputs.photos.mkdir()
    landing = flight.inputs.photos / name
    for share in (3, 2):
        landing.write_bytes(whole[: len(whole) // share])
        assert watch.look(flight.now).photos == 0
    landing.write_bytes(whole)
    assert watch.look(flight.now).photos == 0
    assert watch.look(flight.now).searched == (name.removesuffix(".jpg"),)
    watch.close()


def test_a_photo_that_came_in_two_pieces_is_read_again(flight: Flight):
    watch, name = flight.watch(), flight.names()[0]
    whole = (flight.source / name).read_bytes()
    flight.inputs.photos.mkdir()
    (flight.inputs.photos / name).write_bytes(whole[:1000])
    assert flight.look(watch).photos == 1
    assert not flight.workspace.registry.exists()
    (flight.inputs.photos / name).write_bytes(whole)
    assert flight.look(watch).searched == (name.removesuffix(".jpg"),)
    watch.close()


def test_a_file_that_is_no_photo_is_listed_and_stops_nothing(flight: Flight):
    watch = flight.watch()
    flight.land("torn.jpg", flight.names()[0])
    assert flight.look(watch).photos == 2
    assert "unreadable" in flight.workspace.remarks.read_text(encoding="utf-8-sig")
    watch.close()


def test_a_killed_watch_goes_on_and_searches_nothing_twice(flight: Flight):
    names = flight.names()
    flight.land(names[0])
    killed = flight.watch()
    flight.look(killed)
    before = flight.cases()
    flight.land(names[1])
    again = flight.watch()
    look = flight.look(again)
    assert look.searched == (names[1].removesuffix(".jpg"),)
    assert [number for number, _, _ in flight.cases()] == [number for number, _, _ in before]
    assert flight.cases()[0][2] == 2
    again.close()
    killed.close()  # only now; what it had searched was on the disk all the time


def test_of_many_photos_the_newest_are_searched_first(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watching, "AT_ONCE", 1)
    flight.land(*flight.names()[:2])
    watch = flight.watch()
    looks = [flight.look(watch), watch.look(flight.now)]
    newest, oldest = (name.removesuffix(".jpg") for name in reversed(flight.names()[:2]))
    assert [(look.searched, look.waiting) for look in looks] == [((newest,), 1), ((oldest,), 0)]
    watch.close()


def test_the_next_photo_is_searched_while_what_the_last_shows_is_filed(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    begun, is_second_begun = [], Event()
    search, file_seen = watching.detect_frame, watching.file_seen

    def searching(frame, *given):
        begun.append(frame.photo_id)
        if len(begun) == 2:
            is_second_begun.set()
        return search(frame, *given)

    def filing(*given, **named):
        assert is_second_begun.wait(60)
        return file_seen(*given, **named)

    monkeypatch.setattr(watching, "AT_ONCE", 1)
    monkeypatch.setattr(watching, "detect_frame", searching)
    monkeypatch.setattr(watching, "file_seen", filing)
    flight.land(*flight.names()[:2])
    watch = flight.watch()
    look = flight.look(watch)
    assert (look.searched, look.waiting) == ((begun[0],), 1)
    assert look.result is not None
    watch.close()


def test_a_photo_that_is_written_over_while_it_is_searched_is_searched_again(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    first, second = flight.names()[:2]
    search = watching.detect_frame

    def overtaken(*given):
        shutil.copyfile(flight.source / second, flight.inputs.photos / first)
        monkeypatch.setattr(watching, "detect_frame", search)
        return search(*given)

    monkeypatch.setattr(watching, "detect_frame", overtaken)
    flight.land(first)
    watch = flight.watch()
    assert flight.look(watch).searched == ()
    assert flight.look(watch).searched == (first.removesuffix(".jpg"),)
    watch.close()


def test_what_does_not_change_is_read_at_the_start_only(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    watch = flight.watch()
    for name in ("read_cells", "read_zones", "load_rulebook", "known_terrain"):
        for module in (analysis, surroundings):
            monkeypatch.delattr(module, name, raising=False)
    flight.land(flight.names()[0])
    assert flight.look(watch).result is not None
    watch.close()


def test_the_whole_analysis_afterwards_doubles_nothing(flight: Flight):
    watch = flight.watch()
    for pair in (flight.names()[:2], flight.names()[2:]):
        flight.land(*pair)
        flight.look(watch)
    watch.close()
    before = flight.cases()
    later = NOW + timedelta(hours=1)
    done = chaining.analyze(flight.workspace, flight.inputs, Settings(), quietly, now=later)
    assert done.ingested.adjustment.why_not == ""  # poses are other ones than on the way
    assert done.filed.result.new == ()
    assert [number for number, _, _ in flight.cases()] == [number for number, _, _ in before]
    assert not flight.workspace.detection_ledger.exists()
    with Registry.open(flight.workspace.registry) as registry:
        assert registry.verify_chain().problems == ()
        assert len({entry.patrol_id for entry in registry.filings()}) == 1


def test_a_watch_after_the_analysis_searches_and_files_nothing_again(
    flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Seen] = []

    def file_noted(workspace, settings, seen, around, *, now):
        asked.append(seen)
        return file_seen(workspace, settings, seen, around, now=now)

    flight.land(*flight.names()[:3], "torn.jpg")
    chaining.analyze(flight.workspace, flight.inputs, Settings(), quietly, now=NOW)
    products = (flight.workspace.frames, flight.workspace.filing, flight.workspace.observations)
    before = [path.read_bytes() for path in products]
    analysed = read_frame_table(flight.workspace.frames)
    numbers = [number for number, _, _ in flight.cases()]
    watch = flight.watch()
    looks = [flight.look(watch) for _ in range(3)]
    assert [(look.searched, look.waiting, look.result) for look in looks] == [((), 0, None)] * 3
    assert [path.read_bytes() for path in products] == before
    monkeypatch.setattr(watching, "file_seen", file_noted)
    flight.land(flight.names()[3])
    look = flight.look(watch)
    assert look.searched == (flight.names()[3].removesuffix(".jpg"),)
    assert look.result is not None
    assert look.result.new == look.result.withdrawn == ()
    watch.close()
    kept = read_frame_table(flight.workspace.frames)
    assert set(analysed) < set(kept)  # with the poses that the analysis gave them
    assert len([note for note in flight.notes if "1 photos have landed since" in note]) == 1
    terrain, scale = watch._around.terrain, search_scale(flight.workspace.detections)
    shown = covered(analysed, flight.inputs, terrain, scale)  # what was gone stays so
    assert [seen.footprints for seen in asked] == [shown]
    assert shown
    again = flight.watch()
    assert flight.look(again).searched == ()
    assert flight.look(again).result is None
    again.close()
    assert read_frame_table(flight.workspace.frames) == kept
    assert [number for number, _, _ in flight.cases()] == numbers


def quietly(_: str):
    return nullcontext(lambda name: lambda done, total: None)
