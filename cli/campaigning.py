"""Many patrols on a cluster: what is told of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from cli import console
from geo.errors import AerogridError
from pipeline.campaign import Campaign, read_campaign
from pipeline.campaigning import Cluster, Kind, Refused, Worked, conduct
from pipeline.only_campaign import only_campaign
from pipeline.patrol_steps import patrols_of
from pipeline.places import is_away, url_of
from pipeline.shards import Done

_UNREAD = (
    "{why} ({photos}). Give the workers more memory, or where they were too slow more time "
    "(`seconds_per_photo`), and run the same command again, which tries this once more; or take it "
    "out of the folder"
)
_BARS = {Kind.READ: "reading photos", Kind.SEARCH: "searching photos"}


def run(path: Path, cluster: str | None, local: int, *, verbose: bool, as_json: bool) -> int:
    """Do all patrols of a campaign; those that cannot be done are listed."""
    campaign = read_campaign(path)
    started = perf_counter()
    with only_campaign(campaign.out), _opened(cluster, local, is_verbose=verbose) as opened:
        done, refused = _conducted(campaign, opened)
        workers, without_workers_s = opened.workers, opened.without_workers_s
    seconds = perf_counter() - started
    if as_json:
        told = {
            **_summary(done, refused, seconds),
            "seconds_without_workers": round(without_workers_s, 1),
            "workers": _work_of(workers),
        }
        console.out.print_json(json.dumps(told, ensure_ascii=False))
    else:
        _tell(campaign, done, refused)
        _tell_workers(workers)
    is_whole = not refused and not any(patrol.unread for patrol in done.values())
    return console.DONE if is_whole else console.IN_PART


@contextmanager
def _opened(cluster: str | None, local: int, *, is_verbose: bool) -> Iterator[Cluster]:
    try:
        from pipeline.cluster import local_cluster, remote_cluster
    except ModuleNotFoundError as error:
        raise AerogridError(
            f"a campaign needs {error.name}, which is not installed: "
            "pip install 'aerogrid[campaign]'"
        ) from error
    with (
        local_cluster(local, note=console.warn, is_verbose=is_verbose)
        if cluster is None
        else remote_cluster(cluster, note=console.warn, is_verbose=is_verbose)
    ) as opened:
        if opened.dashboard is not None:
            console.err.print(f"dashboard: {opened.dashboard}", highlight=False)
        yield opened


def _conducted(campaign: Campaign, cluster: Cluster) -> tuple[dict[str, Done], dict[str, str]]:
    done: dict[str, Done] = {}
    refused: dict[str, str] = {}
    with console.bars() as bars:
        shown = {kind: bars(name) for kind, name in _BARS.items()}
        patrols = bars("patrols")

        def tell(kind: Kind, through: int, known: int) -> None:
            if kind in shown:
                shown[kind](through, known)

        for name, result in conduct(patrols_of(campaign), cluster, tell):
            if isinstance(result, Refused):
                refused[name] = result.why
                console.warn(f"{name}: {result.why}")
            else:
                done[name] = result
            patrols(len(done) + len(refused), len(campaign.patrols))
    return done, refused


def _tell(campaign: Campaign, done: dict[str, Done], refused: dict[str, str]) -> None:
    for name, patrol in done.items():
        for note in patrol.notes:
            console.warn(f"{name}: {note}")
        for why, photos in _unread(patrol).items():
            console.warn(f"{name}: {_UNREAD.format(why=why, photos=', '.join(photos))}")
    rows = [
        (name, item.photos, len(item.unusable), item.detections, item.observations)
        for name, item in sorted(done.items())
    ]
    columns = ["patrol", "photos", "not searched", "detections", "objects"]
    console.show("Patrols", columns, rows)
    before = sum(item.before for item in done.values())
    already = f" ({before} of them before)" if before else ""
    console.out.print(
        f"{console.counted(len(done), 'patrol')} done{already}, {len(refused)} refused"
    )
    if not done:
        return
    if any(item.unusable for item in done.values()):
        console.err.print("photos not searched, and why: [bold]remarks.csv[/] of each patrol")
    if is_away(campaign.out):
        console.err.print(f"products: {url_of(campaign.out)}", highlight=False)
    else:
        console.err.print(f"next: [bold]aerogrid file {console.where(campaign.out)}/PATROL[/]")


def _unread(patrol: Done) -> dict[str, list[str]]:
    """Photos that no worker could read, by the reason."""
    reasons, found = dict(patrol.unusable), dict[str, list[str]]()
    for path in patrol.unread:
        found.setdefault(reasons[path], []).append(path)
    return found


def _tell_workers(workers: Mapping[str, Worked]) -> None:
    """Say what each worker got through, once any of them had photos in hand."""
    rows = [
        (
            address,
            "GPU" if worked.has_gpu else "CPU",
            *(_rate(worked.photos_a_second(kind)) for kind in _BARS),
            f"{sum(worked.busy_s.values()):.0f}",
        )
        for address, worked in sorted(workers.items())
    ]
    if rows:
        columns = ["worker", "by", "read, photos/s", "searched, photos/s", "busy, s"]
        console.show("Workers", columns, rows)


def _rate(photos_a_second: float | None) -> str:
    return "" if photos_a_second is None else f"{photos_a_second:.3g}"


def _work_of(workers: Mapping[str, Worked]) -> dict[str, object]:
    return {
        address: {
            "gpu": worked.has_gpu,
            "tasks": worked.tasks,
            "photos_read": worked.photos[Kind.READ],
            "photos_searched": worked.photos[Kind.SEARCH],
            "busy_s": {kind.name.lower(): round(s, 2) for kind, s in worked.busy_s.items()},
        }
        for address, worked in sorted(workers.items())
    }


def _summary(done: dict[str, Done], refused: dict[str, str], seconds: float) -> dict[str, object]:
    return {
        "patrols": {
            name: {
                "photos": item.photos,
                "not_searched": dict(item.unusable),
                "detections": item.detections,
                "observations": item.observations,
                "searched_by": item.searched_by,
                "notes": item.notes,
                "unread": item.unread,
                "done_before": item.before,
            }
            for name, item in sorted(done.items())
        },
        "refused": refused,
        "seconds": round(seconds, 1),
    }
