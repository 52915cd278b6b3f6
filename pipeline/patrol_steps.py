"""EDGE: one patrol of a campaign, from its photo files to its products, as tasks in their order."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pipeline import shards
from pipeline.analysis import VERSION, manifest_of
from pipeline.at_hand import at_hand
from pipeline.campaign import Campaign
from pipeline.campaigning import Killed, Kind, Steps, Task, accepted, one
from pipeline.errors import PipelineError
from pipeline.job import BASE_S, Job, PhotoFile
from pipeline.kept_photos import photos_entry, photos_in
from pipeline.overdue import OverdueError, within
from pipeline.places import Stamp, is_away, stamps_below, url_of
from pipeline.retiring import refuse_retired
from pipeline.shard_ledger import name_of
from vision.backends import package_for
from vision.errors import PhotoError
from vision.frames import ReadPhoto, photo_ids
from vision.images import photos_among, sha256_of
from vision.model import Frame
from vision.quality import Flaw, is_worth_looking

LEDGERS = ".campaign"
"""Folder beside the patrols of what their tasks have finished."""

Item = TypeVar("Item")


def patrols_of(campaign: Campaign) -> Iterator[tuple[str, Steps]]:
    """All patrols of a campaign by name, each ready to begin."""
    detecting = campaign.settings.detecting
    model = package_for(manifest_of(detecting.model), detecting.backend).digest
    for patrol in campaign.patrols:
        job = Job(
            patrol=patrol,
            root=campaign.out / patrol.name,
            ledger=campaign.out / LEDGERS / patrol.name,
            settings=campaign.settings,
            model_sha256=model,
            version=VERSION,
            gpus=campaign.gpus,
            seconds_per_photo=campaign.seconds_per_photo,
        )
        yield patrol.name, steps_of(job, campaign.photos_per_task)


def steps_of(job: Job, photos_per_task: int) -> Steps:
    """Do one patrol; returns what it came to.

    Raises:
        AerogridError: the patrol cannot be done; others may.
    """
    refuse_retired(job.root)
    around = _stamps_around(job)
    files = photo_files(job.patrol.inputs.photos)
    plan = _plan(job, files, around)
    done = shards.done_before(job, plan)
    if done is not None:
        return done
    read = yield from _in_shards(job, _slices(files, photos_per_task), _READING)
    name = name_of("ingest", plan, read)
    ingested = shards.ingested_before(job, name)
    if ingested is None:
        ingest = Task(
            name, Kind.INGEST, shards.ingest_patrol, (job, name, read),
            place=_kept_at(job), limit_s=job.limit_s(len(files)),
        )  # fmt: skip
        ingested = yield from one(ingest)
    wanted = [frame for frame in ingested.frames if is_worth_looking(frame)]
    found = yield from _in_shards(job, _slices(wanted, photos_per_task), _SEARCHING)
    unread = _unread_of(job, read)
    name = name_of("locate", plan, found, unread)
    to_locate = (job, plan, found, ingested.notes, unread)
    locate = Task(
        name, Kind.LOCATE, shards.locate_patrol, to_locate,
        place=_kept_at(job), limit_s=job.limit_s(len(files)),
    )  # fmt: skip
    return (yield from one(locate))


def _kept_at(job: Job) -> str:
    return url_of(job.ledger)


def _stamps_around(job: Job) -> list[tuple[str, dict[str, Stamp]]]:
    """What the patrol was given besides its photos, as it is now.

    Raises:
        PipelineError: a file is not there, and no photo was read yet.
    """
    around = [(path, stamps_below(path)) for path in job.around]
    for path, stamps in around:
        if not stamps:
            raise PipelineError(
                f"{url_of(path)}: no such file or folder, and the patrol was given it besides its "
                "photos; check the campaign's file"
            )
    return [(str(path), stamps) for path, stamps in around]


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done in shards.

    Attributes:
        task: reads or searches some photos; its result names the entry.
        entries: names that what is finished may have, the best first.
        give_up: keeps what is to be said of a photo that no worker gets done, and names the entry.
    """

    task: Callable[[Job, Sequence[Any]], Task]
    entries: Callable[[Job, Sequence[Any]], Iterator[str]]
    give_up: Callable[[Job, Any, Killed], str]


def _in_shards(
    job: Job, slices: Sequence[Sequence[Any]], work: _Work
) -> Generator[Sequence[Task], Sequence[Any], tuple[str, ...]]:
    """Have what is not finished done; names of all entries, in order.

    Where no worker gets a task done, its photos are tried one by one, so that all others are used.
    """
    known = job.finished.names()
    kept = [next((n for n in work.entries(job, part) if n in known), None) for part in slices]
    tasks = [work.task(job, part) for part, name in zip(slices, kept, strict=True) if name is None]
    results = iter((yield tasks) if tasks else ())
    names: list[str] = []
    for part, name in zip(slices, kept, strict=True):
        result = next(results) if name is None else name
        if not isinstance(result, Killed):
            names.append(accepted(result))
        elif len(part) > 1:
            names += yield from _in_shards(job, [[item] for item in part], work)
        else:
            names.append(work.give_up(job, part[0], result))
    return tuple(names)


def _read_names(job: Job, files: Sequence[PhotoFile]) -> Iterator[str]:
    yield name_of("read", job.patrol.name, job.version, files)


def _read_task(job: Job, files: Sequence[PhotoFile]) -> Task:
    (name,) = _read_names(job, files)
    given = (job, name, files)
    return Task(
        name, Kind.READ, shards.read_shard, given, len(files),
        place=_kept_at(job), limit_s=job.limit_s(len(files)),
    )  # fmt: skip


def _searched_names(job: Job, frames: Sequence[Frame]) -> Iterator[str]:
    return (shards.searched_name(job, frames, runs_as) for runs_as in job.searched_by)


def _search_task(job: Job, frames: Sequence[Frame]) -> Task:
    name = next(_searched_names(job, frames))
    return Task(
        name, Kind.SEARCH, shards.search_shard, (job, frames), len(frames),
        gpu_call=shards.search_shard_by_gpu if job.takes_gpus else None,
        place=_kept_at(job), limit_s=job.limit_s(len(frames)),
    )  # fmt: skip


def _list_unread(job: Job, file: PhotoFile, killed: Killed) -> str:
    """Say of a photo in its frame that it cannot be read; the next run tries it again."""
    path = job.patrol.inputs.photos / file.path

    def digest_of() -> str:
        with at_hand(job, [path]) as here:
            return sha256_of(here.patrol.inputs.photos / file.path)

    try:
        digest = within(BASE_S, digest_of)
    except OverdueError as error:  # what hung there would hang here, too
        raise PipelineError(
            f"{url_of(path)}: cannot even be copied ({error}); look at the drive or store that it "
            "lies in, or take it out of the folder"
        ) from error
    problem = f"{Flaw.UNREADABLE}: the programs that read it {killed.why}"
    photo = ReadPhoto(file.photo_id, file.path, digest, None, None, problem)
    name = name_of(_UNREAD, job.patrol.name, job.version, file, killed.why)
    job.finished.put(name, photos_entry([photo]))
    return name


_UNREAD = "unread"


def _unread_of(job: Job, read: Sequence[str]) -> list[str]:
    """Paths of the photos, of all that was read, that no worker could read."""
    entries = [job.finished.get(name) for name in read if name.startswith(f"{_UNREAD}-")]
    return [photo.path for entry in entries if entry is not None for photo in photos_in(entry)]


def _refuse_unsearched(job: Job, frame: Frame, killed: Killed) -> str:
    """Refuse a patrol of which a photo cannot be searched: what it shows would be missed."""
    raise PipelineError(
        f"{url_of(job.patrol.inputs.photos / frame.path)}: the programs that searched it "
        f"{killed.why}; {killed.remedy}, or take the photo out of the folder"
    )


_READING = _Work(_read_task, _read_names, _list_unread)
_SEARCHING = _Work(_search_task, _searched_names, _refuse_unsearched)


def photo_files(folder: Path) -> list[PhotoFile]:
    """Photos below a folder, as they are now, sorted by path.

    Raises:
        PhotoError: the folder is missing or holds no photos.
    """
    if not is_away(folder) and not folder.is_dir():
        raise PhotoError(f"{folder}: no such folder; give the folder that holds the photos")
    stamps = stamps_below(folder)
    paths = photos_among([PurePosixPath(path) for path in stamps])
    if not paths:
        raise PhotoError(
            f"{url_of(folder)}: holds no photos (.jpg, .png, .tif, .webp); give their folder"
        )
    names = photo_ids([Path(path) for path in paths])
    return [
        PhotoFile(name, path.as_posix(), stamps[path.as_posix()])
        for name, path in zip(names, paths, strict=True)
    ]


def _plan(
    job: Job, files: Sequence[PhotoFile], around: Sequence[tuple[str, dict[str, Stamp]]]
) -> str:
    """Name all that the products of a patrol depend on."""
    settings, filing = job.settings.of_analysis(), job.settings.filing
    tables = [path for path in (filing.rules, filing.categories) if path is not None]
    stamps = [*around, *((str(path), stamps_below(path)) for path in tables)]
    name, inputs = job.patrol.name, job.patrol.inputs
    return name_of("plan", name, job.version, job.model_sha256, settings, inputs, files, stamps)


def _slices(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
