"""The order of tasks, on a cluster that runs them here, or says that they killed their workers."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from errno import EIO
from pathlib import Path
from shutil import copytree
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import patrol_steps, shards
from pipeline.analysis import VERSION
from pipeline.campaign import Campaign, Patrol
from pipeline.campaigning import Killed, Kind, Task, Worked, conduct, one, run_task
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs, patrol_settings
from pipeline.job import Job, PhotoFile
from pipeline.patrol_steps import LEDGERS, patrols_of, photo_files
from pipeline.settings import Detecting, Filing, Locating, Settings
from pipeline.shard_ledger import ShardLedger
from pipeline.workspace import Workspace
from tests.pipeline.rendered import make_photos
from vision.coco import model_hash
from vision.detector import TORCH_BF16, Detector, OnnxDetector
from vision.frame_table import read_frame_table
from vision.package import load_package, load_quantised
from vision.tiles import Maps

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
        killed: Killed | None = None,
    ) -> None:
        self.slots, self._kills, self._has_gpu = slots, kills, has_gpu
        self._waiting: deque[Task] = deque()
        self.ran: list[Task] = []
        self.most_waiting = 0
        self.workers, self._killed = workers or {}, killed or Killed()
        self.without_workers_s = 0.0
        self.has_done = False

    def submit(self, task: Task) -> None:
        self._waiting.append(task)
        self.most_waiting = max(self.most_waiting, len(self._waiting))

    def next_done(self) -> tuple[Task, Any]:
        task = self._waiting.popleft()
        self.ran.append(task)
        return task, self._killed if self._kills(task) else run_task(task, has_gpu=self._has_gpu)

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


class EndedError(Exception):
    """The end of a campaign in its midst."""


def end_at_locate(task: Task) -> bool:
    if task.kind is Kind.LOCATE:
        raise EndedError
    return False


def test_what_was_finished_before_an_end_is_not_done_again(campaign):
    with pytest.raises(EndedError):
        done(campaign, Here(end_at_locate))
    rest = Here()
    first = done(campaign, rest)
    assert [path for path, _ in first["one"].unusable] == ["torn.jpg"]
    assert [path.name for path in (campaign.out / LEDGERS / "one").iterdir()] == ["done.json"]
    assert [task.kind for task in rest.ran] == [Kind.LOCATE]
    assert done(campaign, rest) == {"one": replace(first["one"], before=True)}
    assert len(rest.ran) == 1


def test_a_patrol_whose_worker_ended_before_it_told_is_done(campaign, quick):
    first = done(campaign, here := Here())["one"]
    (locate,) = (task for task in here.ran if task.kind is Kind.LOCATE)
    assert run_task(locate) == first  # as Dask has it, by another worker


def test_what_an_end_left_while_a_ledger_was_cleared_goes_and_the_patrol_is_done(campaign, quick):
    first = done(campaign, Here())["one"]
    ledger = campaign.out / LEDGERS / "one"
    for name in ("read-01", "search-02", ".writing-03"):
        (ledger / name).write_bytes(b"left")
    here = Here()
    assert done(campaign, here)["one"] == replace(first, before=True)
    assert ([path.name for path in ledger.iterdir()], here.ran) == ([shards.DONE], [])


def test_where_cases_are_filed_makes_no_patrol_be_done_again(campaign):
    first = done(campaign, Here())["one"]
    here, workspace = Here(), Workspace(campaign.out / "one")
    filing = Filing(registry="postgresql+psycopg://aerogrid@db/cases")
    settings = SETTINGS.model_copy(update={"filing": filing})
    assert done(replace(campaign, settings=settings), here)["one"] == replace(first, before=True)
    assert here.ran == []
    assert patrol_settings(workspace, None) == settings  # what `file` goes by
    other = settings.model_copy(update={"locating": Locating(adjust=False, terrain_sigma_m=2.0)})
    assert not done(replace(campaign, settings=other), here)["one"].before
    assert patrol_settings(workspace, None) == other


def test_a_patrol_that_was_begun_with_another_registry_goes_on_with_that_of_now(campaign):
    with pytest.raises(EndedError):
        done(campaign, Here(end_at_locate))
    settings = SETTINGS.model_copy(update={"filing": Filing(registry="district.sqlite")})
    here = Here()
    done(replace(campaign, settings=settings), here)
    assert [task.kind for task in here.ran] == [Kind.LOCATE]
    assert patrol_settings(Workspace(campaign.out / "one"), None) == settings


def test_a_person_can_read_what_is_kept_of_a_patrol_that_is_done(campaign):
    first = done(campaign, Here())["one"]
    told = json.loads((campaign.out / LEDGERS / "one" / "done.json").read_text())
    assert told["patrol"] == "one"
    assert datetime.now(UTC) - datetime.fromisoformat(told["done_at"]) < timedelta(minutes=10)
    assert told["taken"] == ["2026-06-15T09:00:02+00:00", "2026-06-15T09:00:08+00:00"]
    assert (told["photos"], list(told["unusable"])) == (5, ["torn.jpg"])
    files = {path.name for path in (campaign.out / "one").iterdir()}
    assert {*told["products"]} == files - {"settings.json"}
    assert sum(told["objects"].values()) == told["observations"] == first.observations > 0


def test_what_an_earlier_form_kept_of_a_patrol_is_done_again(campaign):
    """Bytes that no person reads, another name of the plan, pairs, nothing of what searched."""
    first = done(campaign, Here())["one"]
    ledger = ShardLedger(campaign.out / LEDGERS / "one")
    kept = json.loads(ledger.get(shards.DONE))
    earlier = {
        "plan": "plan-" + "0" * 40,
        "unusable": list(kept["unusable"].items()),
        "products": kept["products"],
    }
    ledger.put(shards.DONE, json.dumps(earlier).encode())
    here = Here()
    assert done(campaign, here)["one"] == first
    assert {task.kind for task in here.ran} == {*Kind}
    assert done(campaign, Here())["one"] == replace(first, before=True)


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


class Quick:
    """Finds a building in the corner of each photo, a little smaller in bf16."""

    def __init__(self, runs_as: str) -> None:
        self.runs_as, self.package = runs_as, load_package()
        self._side_px = 60 if runs_as == TORCH_BF16 else 64

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        maps = np.zeros((len(self.package.classes), *image.shape[:2]), np.float32)
        maps[self.package.classes.index("building"), : self._side_px, : self._side_px] = 0.9
        return maps


def searched_by(workspace: Path) -> dict[str, str | None]:
    images = json.loads((workspace / "detections.json").read_bytes())["images"]
    return {image["file_name"]: image["searched_by"] for image in images}


@pytest.fixture
def quick(monkeypatch) -> None:
    """Let photos be searched in no time."""

    def opened(detecting: Detecting) -> Detector:
        return Quick(TORCH_BF16 if detecting.backend == "torch" else detecting.backend)

    monkeypatch.setattr(shards, "_detector", opened)


@pytest.fixture
def gpu(quick) -> Here:
    """A worker with a GPU."""
    return Here(has_gpu=True)


def test_a_campaign_without_gpus_takes_nothing_that_one_has_found(campaign, gpu):
    told = done(campaign, gpu)["one"]
    assert told.searched_by == (TORCH_BF16,)
    by = searched_by(campaign.out / "one")
    assert (by.pop("torn.jpg"), {*by.values()}) == (None, {TORCH_BF16})
    again = Here()
    assert done(campaign, again)["one"] == replace(told, before=True)

    exact = replace(campaign, gpus=False)
    told = done(exact, gpu)["one"]
    assert told.searched_by == ("onnxruntime",)
    serial = replace(campaign, out=campaign.out.parent / "serial")
    done(serial, Here())
    for path in (serial.out / "one").iterdir():
        assert (campaign.out / "one" / path.name).read_bytes() == path.read_bytes()
    assert done(campaign, again)["one"].before  # what is exact does for it, too
    assert again.ran == []


def test_entries_of_both_kinds_make_one_patrol_and_say_which(campaign, gpu):
    def end(task: Task) -> bool:
        if gpu.count(Kind.SEARCH) == 2:
            raise EndedError
        return False

    gpu._kills = end
    with pytest.raises(EndedError):
        done(campaign, gpu)
    entries = {path.name for path in (campaign.out / LEDGERS / "one").glob("search-*")}
    without = replace(campaign, out=campaign.out.parent / "without", gpus=False)
    copytree(campaign.out, without.out)
    rest, all_again = Here(), Here()
    assert done(campaign, rest)["one"].searched_by == ("onnxruntime", TORCH_BF16)
    assert {*searched_by(campaign.out / "one").values()} == {None, "onnxruntime", TORCH_BF16}
    done(without, all_again)
    assert (len(entries), rest.count(Kind.SEARCH), all_again.count(Kind.SEARCH)) == (1, 1, 2)


def test_a_worker_whose_gpu_is_not_wanted_is_told(campaign, gpu):
    detecting = SETTINGS.detecting.model_copy(update={"backend": "torch"})
    settings = SETTINGS.model_copy(update={"detecting": detecting})
    told = done(replace(campaign, settings=settings, gpus=False), Here())["one"]
    assert "would search by torch-bf16, the campaign is to be searched by torch alone" in told.why


def test_the_8_bit_model_is_searched_with_by_all_workers_or_none(campaign, monkeypatch):
    asked = set()

    def opened(detecting: Detecting) -> Detector:
        asked.add(detecting.backend)
        detector = OnnxDetector(load_quantised())  # CI has no OpenVINO
        detector.runs_as = detecting.backend
        return detector

    monkeypatch.setattr(shards, "_detector", opened)
    detecting = SETTINGS.detecting.model_copy(update={"backend": "openvino-int8"})
    settings = SETTINGS.model_copy(update={"detecting": detecting})
    done(replace(campaign, settings=settings), Here(has_gpu=True))
    assert asked == {"openvino-int8"}
    assert model_hash(campaign.out / "one" / "detections.json") == load_quantised().digest


def test_a_photo_that_ends_what_reads_it_is_listed_and_all_others_used(campaign):
    def kills(task: Task) -> bool:
        return task.kind is Kind.READ and any("0002" in file.path for file in task.arguments[-1])

    cluster = Here(kills)
    told = done(campaign, cluster)["one"]
    frames = {f.photo_id: f for f in read_frame_table(campaign.out / "one" / "frames.parquet")}
    assert "ended each time" in frames["test_0002"].reasons[0]
    assert len(frames["test_0002"].sha256) == 64
    assert [path for path, _ in told.unusable] == ["test_0002.jpg", "torn.jpg"]
    assert sum(frame.is_located for frame in frames.values()) == 3
    assert cluster.count(Kind.READ) == 5  # 2 + 2 + 1 photos, and the first two one by one


def test_a_photo_that_ended_what_read_it_is_tried_again_by_the_next_run(campaign, quick):
    def kills(task: Task) -> bool:
        return task.kind is Kind.READ and any("0002" in file.path for file in task.arguments[-1])

    ledger = campaign.out / LEDGERS / "one"
    first = done(campaign, Here(kills))["one"]
    assert first.unread == ("test_0002.jpg",)
    assert json.loads((ledger / shards.DONE).read_bytes())["unread"] == ["test_0002.jpg"]
    again = Here(kills)
    assert done(campaign, again)["one"] == first
    assert again.count(Kind.READ) == 2  # with its neighbour, and alone; the others are kept
    assert (again.count(Kind.INGEST), again.count(Kind.SEARCH)) == (0, 0)
    mended = done(campaign, Here())["one"]
    assert (mended.unread, mended.before) == ((), False)
    assert [path for path, _ in mended.unusable] == ["torn.jpg"]
    assert [path.name for path in ledger.iterdir()] == [shards.DONE]
    last = Here()
    assert (done(campaign, last)["one"].before, last.ran) == (True, [])


def test_a_photo_that_takes_too_long_to_read_is_listed_with_that_reason(campaign, quick):
    def kills(task: Task) -> bool:
        return task.kind is Kind.READ and any("0002" in file.path for file in task.arguments[-1])

    done(campaign, Here(kills))  # as if memory had been too small before
    slow = Here(kills, killed=Killed("were not done within 630 s, twice", "look at the drive"))
    told = done(campaign, slow)["one"]
    reasons = dict(told.unusable)
    assert reasons["test_0002.jpg"] == (
        "unreadable: the programs that read it were not done within 630 s, twice"
    )
    assert told.unread == ("test_0002.jpg",)
    mended = done(campaign, Here())["one"]
    assert (mended.unread, [path for path, _ in mended.unusable]) == ((), ["torn.jpg"])


def test_a_photo_that_hangs_even_what_leads_the_campaign_refuses_its_patrol_alone(
    campaign, monkeypatch
):
    def kills(task: Task) -> bool:
        return task.kind is Kind.READ and any("0002" in file.path for file in task.arguments[-1])

    gate = Event()
    monkeypatch.setattr(patrol_steps, "BASE_S", 0.05)
    monkeypatch.setattr(patrol_steps, "sha256_of", lambda path: gate.wait())
    told = done(campaign, Here(kills))["one"]
    gate.set()
    assert "test_0002.jpg: cannot even be copied (not done within 0.05 s)" in told.why


def test_each_task_has_time_for_its_photos(campaign, quick):
    done(replace(campaign, seconds_per_photo=2.0), here := Here())
    limits = {(task.kind, task.photos): task.limit_s for task in here.ran}
    assert limits == {
        (Kind.READ, 2): 604.0,
        (Kind.READ, 1): 602.0,
        (Kind.INGEST, 0): 610.0,
        (Kind.SEARCH, 2): 604.0,
        (Kind.LOCATE, 0): 610.0,
    }


def test_a_drive_that_fails_while_a_patrol_is_planned_stops_no_other(campaign, monkeypatch, quick):
    def failing(folder: Path) -> list[PhotoFile]:
        if folder.name == "bad":
            raise OSError(EIO, "Input/output error", str(folder))
        return photo_files(folder)

    (one,) = campaign.patrols
    bad = Patrol("bad", replace(one.inputs, photos=one.inputs.photos.parent / "bad"), None)
    monkeypatch.setattr(patrol_steps, "photo_files", failing)
    told = done(replace(campaign, patrols=(bad, one)), Here())
    assert "Input/output error" in told["bad"].why
    assert told["one"].photos == 5


def killing_search(task: Task) -> bool:
    return task.kind is Kind.SEARCH and any("0003" in f.path for f in task.arguments[-1])


def test_each_patrol_that_cannot_be_done_is_told_and_stops_no_other(campaign, tmp_path):
    (one,) = campaign.patrols
    missing = Patrol("missing", replace(one.inputs, photos=tmp_path / "none"), None)
    empty = Patrol("no-cells", replace(one.inputs, cells=tmp_path / "none.gpkg"), None)
    told = done(replace(campaign, patrols=(missing, empty, one)), Here(killing_search))
    assert "no such folder" in told["missing"].why
    assert "none.gpkg" in told["no-cells"].why
    assert "test_0003.jpg: the programs that searched it" in told["one"].why


def test_a_file_that_is_not_there_is_told_before_any_photo_is_read(campaign, tmp_path):
    (patrol,) = campaign.patrols
    lost = replace(patrol, inputs=replace(patrol.inputs, cells=tmp_path / "lost.gpkg"))
    here = Here()
    told = done(replace(campaign, patrols=(lost,)), here)
    assert "lost.gpkg: no such file" in told["one"].why
    assert here.ran == []


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


def test_workers_have_work_and_ends_are_told_while_patrols_that_were_done_are_looked_at():
    cluster, looked_at = Here(slots=3), []
    cluster.has_done = True

    def seen(number: int):
        looked_at.append(number)
        yield from ()
        return number

    def patrols():
        yield "new", squares(0)
        for number in range(100):
            yield str(number), seen(number)

    told = conduct(patrols(), cluster, lambda kind, done, known: None)
    assert next(told) == ("0", 0)
    assert (looked_at, cluster.most_waiting) == ([0], 6)
    names = ["0", *(name for name, _ in told)]
    assert sorted(names) == sorted(["new", *map(str, range(100))])
    assert names.index("new") < 20  # its eleven tasks were taken meanwhile
