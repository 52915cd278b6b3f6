"""The order of tasks, on a cluster that runs them here, or says that they killed their workers."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import shards
from pipeline.analysis import VERSION
from pipeline.campaign import Campaign, Patrol
from pipeline.campaigning import Killed, Kind, Task, Worked, conduct, one, run_task
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.job import Job
from pipeline.patrol_steps import LEDGERS, patrols_of
from pipeline.settings import Detecting, Locating, Settings
from tests.pipeline.rendered import make_photos
from vision.coco import model_hash
from vision.detector import Detector, OnnxDetector
from vision.frame_table import read_frame_table
from vision.package import load_quantised

SETTINGS = Settings(locating=Locating(adjust=False))


class Here:
    """Runs a task when its result is asked for; `kills` says which ones end their workers."""

    def __init__(
        self,
        kills: Callable[[Task], bool] = lambda task: False,
        *,
        slots: int = 2,
        has_gpu: bool = False,
        workers: Mapping[str, Worked] | None = None,
    ) -> None:
        self.slots, self._kills, self._has_gpu = slots, kills, has_gpu
        self._waiting: deque[Task] = deque()
        self.ran: list[Task] = []
        self.most_waiting = 0
        self.workers = workers or {}

    def submit(self, task: Task) -> None:
        self._waiting.append(task)
        self.most_waiting = max(self.most_waiting, len(self._waiting))

    def next_done(self) -> tuple[Task, Any]:
        task = self._waiting.popleft()
        self.ran.append(task)
        return task, Killed() if self._kills(task) else run_task(task, has_gpu=self._has_gpu)

    def count(self, kind: Kind) -> int:
        return sum(task.kind is kind for task in self.ran)


def done(campaign: Campaign, cluster: Here) -> dict[str, Any]:
    return dict(conduct(patrols_of(campaign), cluster, lambda kind, done, known: None))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    return make_photos(tmp_path_factory.mktemp("given"))


@pytest.fixture
def campaign(inputs: Inputs, tmp_path: Path) -> Campaign:
    """One patrol without anything around it, which would only take time."""
    patrol = Patrol("one", Inputs(inputs.photos), None)
    return Campaign(tmp_path / "out", SETTINGS, (patrol,), photos_per_task=2)


def test_what_was_finished_before_an_end_is_not_done_again(campaign):
    class EndedError(Exception):
        pass

    def end(task: Task) -> bool:
        if task.kind is Kind.LOCATE:
            raise EndedError
        return False

    with pytest.raises(EndedError):
        done(campaign, Here(end))
    rest = Here()
    first = done(campaign, rest)
    assert [path for path, _ in first["one"].unusable] == ["torn.jpg"]
    assert [path.name for path in (campaign.out / LEDGERS / "one").iterdir()] == ["done.json"]
    assert [task.kind for task in rest.ran] == [Kind.LOCATE]
    assert done(campaign, rest) == {"one": replace(first["one"], before=True)}
    assert len(rest.ran) == 1


def test_a_worker_with_a_gpu_searches_by_torch_and_the_result_does_not_depend_on_the_split(
    campaign, monkeypatch
):
    asked = set()
    open_detector = shards._detector

    def opened(detecting: Detecting) -> Detector:
        asked.add(detecting.backend)
        return open_detector(SETTINGS.detecting)

    done(campaign, Here())
    first = {path.name: path.read_bytes() for path in (campaign.out / "one").iterdir()}
    (campaign.out / LEDGERS / "one" / "done.json").unlink()
    monkeypatch.setattr(shards, "_detector", opened)
    done(replace(campaign, photos_per_task=3), Here(has_gpu=True))
    assert asked == {"torch"}
    assert {path.name: path.read_bytes() for path in (campaign.out / "one").iterdir()} == first


def test_the_8_bit_model_is_searched_with_by_all_workers_or_none(campaign, monkeypatch):
    asked = set()

    def opened(detecting: Detecting) -> Detector:
        asked.add(detecting.backend)
        return OnnxDetector(load_quantised())  # CI has no OpenVINO

    monkeypatch.setattr(shards, "_detector", opened)
    detecting = SETTINGS.detecting.model_copy(update={"backend": "openvino-int8"})
    settings = SETTINGS.model_copy(update={"detecting": detecting})
    done(replace(campaign, settings=settings), Here(has_gpu=True))
    assert asked == {"openvino-int8"}
    assert model_hash(campaign.out / "one" / "detections.json") == load_quantised().digest


def test_a_photo_that_ends_what_reads_it_is_listed_and_all_others_used(campaign):
    def kills(task: Task) -> bool:
        return task.kind is Kind.READ and any("0002" in file.path for file in task.arguments[2])

    cluster = Here(kills)
    told = done(campaign, cluster)["one"]
    frames = {f.photo_id: f for f in read_frame_table(campaign.out / "one" / "frames.parquet")}
    assert "ended each time" in frames["test_0002"].reasons[0]
    assert len(frames["test_0002"].sha256) == 64
    assert [path for path, _ in told.unusable] == ["test_0002.jpg", "torn.jpg"]
    assert sum(frame.is_located for frame in frames.values()) == 3
    assert cluster.count(Kind.READ) == 5  # 2 + 2 + 1 photos, and the first two one by one


def killing_search(task: Task) -> bool:
    return task.kind is Kind.SEARCH and any("0003" in f.path for f in task.arguments[2])


def test_each_patrol_that_cannot_be_done_is_told_and_stops_no_other(campaign, tmp_path):
    (one,) = campaign.patrols
    missing = Patrol("missing", replace(one.inputs, photos=tmp_path / "none"), None)
    empty = Patrol("no-cells", replace(one.inputs, cells=tmp_path / "none.gpkg"), None)
    told = done(replace(campaign, patrols=(missing, empty, one)), Here(killing_search))
    assert "no such folder" in told["missing"].why
    assert "none.gpkg" in told["no-cells"].why
    assert "test_0003.jpg: the programs that searched it" in told["one"].why


def test_a_worker_of_another_version_is_told(campaign, monkeypatch):
    job = Job(campaign.patrols[0], campaign.out, campaign.out, SETTINGS, "", VERSION + "1")
    with pytest.raises(PipelineError, match=f"aerogrid {VERSION}, .* by {VERSION}1"):
        shards.read_shard(job, "read", ())


def squares(number: int):
    results = yield [Task(f"{number}-{n}", Kind.SEARCH, pow, (n, 2)) for n in range(10)]
    total = yield from one(Task(f"sum-{number}", Kind.LOCATE, sum, (results,)))
    return total


def test_few_tasks_are_handed_over_however_many_patrols_there_are():
    cluster = Here(slots=3)
    begun = []

    def patrols():
        for number in range(50):
            begun.append(number)
            yield str(number), squares(number)

    order = []
    for name, result in conduct(patrols(), cluster, lambda kind, done, known: None):
        order.append(name)
        assert result == 285
        assert len(begun) - len(order) <= 4
    assert sorted(map(int, order)) == list(range(50))
    assert cluster.most_waiting == 6
