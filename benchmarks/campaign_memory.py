"""How much memory do the planning and the ledger of a campaign of 10^6 photos take?

    python -m benchmarks.campaign_memory --photos 1000000 [--dask]

Recorded tasks stand in for the pictures: a rendered photo is read, made a frame of and searched
once, and each task writes what was recorded, under names of its own, into a real ledger. So files,
frames, names, ledger and the order of tasks are those of a campaign, in patrols of 1,000 photos.
The cluster is this process with 64 slots, or with `--dask` a scheduler of Dask in this process and
two workers. The memory told is the most that this process had resident, libraries included.
"""

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

from geo.files import replacing
from pipeline import analysis, shards
from pipeline.campaign import Campaign, Patrol
from pipeline.campaigning import Cluster, Refused, Task, Worked, conduct, run_task
from pipeline.cluster import local_cluster, remote_cluster
from pipeline.inputs import Inputs
from pipeline.job import Job, PhotoFile
from pipeline.kept_photos import photos_entry, photos_in
from pipeline.ledger import found_in, line_of
from pipeline.patrol_steps import patrols_of
from pipeline.settings import Locating, Settings
from pipeline.workspace import Workspace
from tests.pipeline.rendered import make_photos
from vision.frames import ReadPhoto, read_photo
from vision.model import Detection, Frame

ROOT = Path(__file__).resolve().parents[1]
PER_PATROL = 1000
SLOTS = 64
Opened = Callable[[], AbstractContextManager[Cluster]]
SETTINGS = Settings(locating=Locating(adjust=False))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One photo as it was read, made a frame of, and searched."""

    read: ReadPhoto
    frame: Frame
    found: tuple[Detection, ...]


def record(kept: Path, photos: Path) -> None:
    """Do a patrol of rendered photos, and keep one of them."""
    inputs, workspace = Inputs(photos), Workspace(kept.parent / "patrol-of-recorded")
    analysis.ingest(workspace, inputs, SETTINGS)
    found = analysis.detect(workspace, SETTINGS)
    frame = analysis.ingest(workspace, inputs, SETTINGS).frames[0]
    read = read_photo(frame.photo_id, inputs.photos / frame.path, inputs.photos)
    one = tuple(item for item in found if item.photo_id == frame.photo_id)
    kept.write_bytes(pickle.dumps(Recorded(read, frame, one)))


@lru_cache(maxsize=1)
def recorded(kept: Path) -> Recorded:
    """What `record` kept, once in each process."""
    told: Recorded = pickle.loads(kept.read_bytes())
    return told


def read(kept: Path, job: Job, name: str, files: Sequence[PhotoFile]) -> str:
    """Stand in for `shards.read_shard`."""
    photos = [
        replace(
            recorded(kept).read,
            photo_id=file.photo_id,
            path=file.path,
            sha256=sha256(f"{job.patrol.name}/{file.path}".encode()).hexdigest(),
        )
        for file in files
    ]
    job.finished.put(name, photos_entry(photos))
    return name


def ingest(kept: Path, job: Job, name: str, entries: Sequence[str]) -> shards.Ingested:
    """Stand in for `shards.ingest_patrol`."""
    photos = [photo for entry in entries for photo in photos_in(job.finished.get(entry) or b"")]
    frames = [
        replace(
            deepcopy(recorded(kept).frame),
            photo_id=photo.photo_id,
            path=photo.path,
            sha256=photo.sha256,
        )
        for photo in photos
    ]
    return shards.Ingested(tuple(frames), ())


def search(kept: Path, job: Job, frames: Sequence[Frame]) -> str:
    """Stand in for `shards.search_shard`."""
    found, by = recorded(kept).found, job.searched_by[0]
    lines = [line_of(shards.search_key(job, frame, by), list(found)) for frame in frames]
    name = shards.searched_name(job, frames, by)
    job.finished.put(name, b"".join(lines))
    return name


def locate(
    job: Job, plan: str, entries: Sequence[str], notes: Sequence[str], unread: Sequence[str]
) -> shards.Done:
    """Stand in for `shards.locate_patrol`."""
    found: dict[str, list[Detection]] = {}
    for entry in entries:
        found |= found_in(job.finished.get(entry) or b"")
    with replacing(job.root / "found.json") as temporary:
        temporary.write_text(json.dumps({key: len(items) for key, items in found.items()}))
    job.finished.put(shards.DONE, json.dumps({"plan": plan}).encode())
    job.finished.clear(keep=shards.DONE)
    return shards.Done(len(found), (), sum(map(len, found.values())), 0)


@dataclass(slots=True)
class Here:
    """A cluster of this process; a task runs when its result is asked for."""

    slots: int = SLOTS
    workers: Mapping[str, Worked] = field(default_factory=dict)
    waiting: deque[Task] = field(default_factory=deque)

    @property
    def has_done(self) -> bool:
        """Whether a task has run: none does before it is asked for."""
        return False

    def submit(self, task: Task) -> None:
        """Hand a task over."""
        self.waiting.append(task)

    def next_done(self) -> tuple[Task, Any]:
        """Run the oldest one."""
        task = self.waiting.popleft()
        return task, run_task(task)


@contextmanager
def here() -> Iterator[Cluster]:
    """A cluster of this process."""
    yield Here()


@contextmanager
def with_dask() -> Iterator[Cluster]:
    """A scheduler of Dask in this process, and two workers in others."""
    with local_cluster(2) as cluster:
        yield cluster


def main() -> None:
    """Do a campaign and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--dask", action="store_true", help="hand tasks over by Dask")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record is not None:
        record(options.record, make_photos(options.record.parent / "rendered").photos)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(answer(Path(folder), options.photos, with_dask if options.dask else here)))


def answer(root: Path, photos: int, open_cluster: Opened) -> dict[str, object]:
    """Do a campaign of so many photos in a folder."""
    kept = root / "recorded"
    command = [sys.executable, "-m", "benchmarks.campaign_memory", "--record", str(kept)]
    subprocess.run(command, cwd=ROOT, check=True)
    campaign = planned(root, photos // PER_PATROL, PER_PATROL)
    stand_in(kept)
    before_mb, started_s = _most_mb(), process_time()
    done = conducted(campaign, open_cluster)
    return {
        "photos": done,
        "most_memory_mb": round(_most_mb()),
        "before_mb": round(before_mb),
        "cpu_s": round(process_time() - started_s),
    }


def planned(root: Path, patrols: int, photos: int, photos_per_task: int = 16) -> Campaign:
    """A campaign of so many patrols of the same empty files."""
    given = root / "photos"
    given.mkdir(exist_ok=True)
    for number in range(photos):
        (given / f"DJI_{number:04d}.jpg").write_bytes(b"")
    told = tuple(Patrol(f"p{number:05d}", Inputs(given), None) for number in range(patrols))
    return Campaign(root / "out", SETTINGS, told, photos_per_task)


def stand_in(kept: Path) -> None:
    """Let this process plan campaigns of recorded tasks from now on."""
    for name, instead in stand_ins(kept).items():
        setattr(shards, name, instead)


def stand_ins(kept: Path) -> dict[str, Callable[..., Any]]:
    """What stands in for functions of `shards`, by their names."""
    return {
        "read_shard": partial(read, kept),
        "ingest_patrol": partial(ingest, kept),
        "search_shard": partial(search, kept),
        "locate_patrol": locate,
        "done_before": done_before,
    }


def done_before(job: Job, plan: str) -> shards.Done | None:
    """Stand in for `shards.done_before`, which looks for products that are not made here."""
    entry = job.finished.get(shards.DONE)
    if entry is None or json.loads(entry)["plan"] != plan:
        return None
    return shards.Done(0, (), 0, 0, before=True)


def drive_recorded(address: str, root: Path, kept: Path) -> dict[str, Any]:
    """Do a campaign of 500 recorded photos, one a task, on a cluster; its files are there."""
    stand_in(kept)
    patrols = patrols_of(planned(root, 10, 50, photos_per_task=1))
    with remote_cluster(address) as cluster:
        return dict(conduct(patrols, cluster, lambda kind, done, known: None))


def conducted(campaign: Campaign, open_cluster: Opened) -> int:
    """Do a campaign; how many photos were searched."""
    total = 0
    with open_cluster() as cluster:
        for name, result in conduct(patrols_of(campaign), cluster, lambda kind, done, known: None):
            if isinstance(result, Refused):
                sys.exit(f"{name}: {result.why}")
            total += result.photos
    return total


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
