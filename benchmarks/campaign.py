"""Does a campaign give what the serial run gives, whatever is killed, and what does it cost?

    python -m benchmarks.campaign --patrols 10 --photos 50

Patrols of a synthetic district are rendered small. They are analysed one after the other by one
process, then by two processes that know nothing of each other, half of the patrols each, then as
`aerogrid campaign --local 2` does, then by a cluster of which a worker, the driver and the
scheduler are killed. Products are compared byte for byte. CPU times are those of all processes,
starts included (of one, three and three processes). The overhead is what the campaign costs more
than one process alone. Two busy cores share caches and memory, so the same work takes more CPU
there than on one (3 to 9 % with 500 photos here, by the hour): what is left of the overhead over
two plain processes is told beside it.
The efficiency is the share of the clock in which the two workers had a task in hand, start left
out, over what the tasks and all else cost more than the serial run.
It fails where a figure is worse than asked; a machine with other work makes all ratios worse.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver, get_context
from pathlib import Path
from typing import Any

import numpy as np
from distributed import get_task_stream

from benchmarks.clusters import Cluster, drive, kill, until
from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.track import CameraEvent
from pipeline import analysis
from pipeline.campaign import read_campaign
from pipeline.campaigning import conduct
from pipeline.cluster import local_cluster
from pipeline.patrol_steps import LEDGERS, patrols_of
from pipeline.workspace import Workspace
from simulations.exposures import TrueExposure
from simulations.layout import District
from simulations.light import Light
from simulations.photography import Roll, take_photos
from simulations.planting import plant
from simulations.recording import write_district
from simulations.town import make_district
from vision.frame_table import read_frame_table

ROOT = Path(__file__).resolve().parents[1]
CAMERA = Camera.centred(320, 240, 250.0)
HEIGHT_M = 60.0
ALONG_M, ACROSS_M = 18.0, 24.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""For the serial run too, as Dask sets it for workers: idle threads that wait cost CPU."""
MOST_OVERHEAD_SHARE, LEAST_EFFICIENCY = 0.05, 0.9
ROW = 10
FLOWN = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of all processes of a command, and how busy its workers were."""

    cpu_s: float
    busy_share: float


def over(district: District, code: str, number: int, photos: int) -> Roll:
    """Rows over the middle of a cell."""
    middle = next(cell for cell in district.cells if cell.code == code).boundary.centroid
    exposures, events = [], []
    for index in range(photos):
        row, place = divmod(index, ROW)
        x = middle.x + ALONG_M * (place - ROW / 2)
        y = middle.y + ACROSS_M * (row - photos / ROW / 2)
        lon, lat = district.frame.lonlat_from_xy(np.array([[x, y]]))[0]
        ground_m = float(district.relief.height_at(x, y))
        position = GeoPoint(lon, lat, ground_m + HEIGHT_M)
        at = FLOWN + timedelta(hours=number, seconds=3 * index)
        pose = Pose(position, Attitude(0.0, -90.0))
        exposures.append(TrueExposure(index + 1, at, pose))
        events.append(CameraEvent(index + 1, at, position, HEIGHT_M, pose.attitude))
    return Roll(f"p{number:02d}", tuple(exposures), tuple(events))


def photograph(root: Path, patrols: int, photos: int) -> Path:
    """Render the patrols, with a file in each that is no photo; returns the campaign's file."""
    district = make_district(7)
    planted = plant(district, district.patrol_codes, 7)
    write_district(root / "district", district, planted)
    lines = ['out = "patrols"', 'grids = "district/cells.gpkg"', 'dem = "district/dem.tif"']
    for number in range(patrols):
        folder = root / "photos" / f"p{number:02d}"
        roll = over(district, district.cells[number].code, number, photos - 1)
        take_photos(district, planted, roll, CAMERA, folder, Light())
        (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
        lines += ["[[patrols]]", f'name = "p{number:02d}"', f'photos = "photos/p{number:02d}"']
    run = root / "run.toml"
    run.write_text("\n".join(lines))
    return run


def analyse_serially(run: Path) -> None:
    """Do all patrols of a campaign one after the other, as the verbs do."""
    analyse(run, "serial", slice(None))


def analyse_beside(run: Path) -> None:
    """Do half of the patrols each by two processes beside each other."""
    start = get_context("spawn").Process
    halves = [start(target=analyse, args=(run, "beside", slice(n, None, 2))) for n in (0, 1)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
        assert half.exitcode == 0


def analyse(run: Path, folder: str, chosen: slice) -> None:
    """Do some patrols of a campaign one after the other, into a folder beside its file."""
    campaign = read_campaign(run)
    for patrol in campaign.patrols[chosen]:
        workspace = Workspace(run.parent / folder / patrol.name)
        analysis.ingest(workspace, patrol.inputs, campaign.settings)
        analysis.detect(workspace, campaign.settings)
        analysis.locate(workspace, campaign.settings)


def analyse_by_two(run: Path) -> None:
    """Do a campaign by two processes of this machine; prints how busy they were, as a share."""
    patrols = patrols_of(read_campaign(run))
    with local_cluster(2) as cluster, get_task_stream() as stream:
        for _ in conduct(patrols, cluster, lambda kind, done, known: None):
            pass
    spans = [
        (span["start"], span["stop"])
        for task in stream.data
        for span in task["startstops"]
        if span["action"] == "compute"
    ]
    took_s = max(stop for _, stop in spans) - min(start for start, _ in spans)
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # what it ran counts once it ended
    print(sum(stop - start for start, stop in spans) / (2 * took_s))


WAYS = {"serial": analyse_serially, "beside": analyse_beside, "two": analyse_by_two}


def timed(way: str, run: Path) -> Cost:
    """Let another process do a campaign in one way, to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.campaign", f"--{way}", run],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(cpu_s, float(done.stdout or 1))
    print(f"{way}: {cost}", file=sys.stderr, flush=True)
    return cost


def entries(run: Path, kind: str) -> int:
    """How many tasks of a kind are finished and still kept."""
    return len(list((run.parent / "patrols" / LEDGERS).glob(f"*/{kind}-*")))


def finished(run: Path) -> int:
    """How many patrols are done."""
    return len(list((run.parent / "patrols" / LEDGERS).glob("*/done.json")))


def kill_everything(run: Path) -> None:
    """Run a campaign on a cluster and kill a worker, the driver and the scheduler on the way."""
    with Cluster() as processes:
        scheduler, worker = processes.scheduler(), processes.worker()
        processes.worker()
        driver = processes.driver(run)
        until(lambda: entries(run, "search") + finished(run) > 0, "photos are searched")
        kill(worker)
        processes.worker()
        until(lambda: finished(run) > 0, "a patrol is done")
        kill(driver)
        driver = processes.driver(run)
        done = finished(run)
        until(lambda: finished(run) > done or not driver.is_alive(), "another one is done")
        kill(scheduler)
        until(lambda: not driver.is_alive(), "the driver ends")
        processes.scheduler()
        processes.worker()
        processes.worker()
        drive(processes.address, run)


def differences(run: Path, names: Sequence[str]) -> dict[str, object]:
    """What patrols have that the serial run has not, and the other way round."""
    differing, lost, doubled, photos = [], 0, 0, 0
    for name in names:
        ours, serial = run.parent / "patrols" / name, run.parent / "serial" / name
        files = {path.name for path in (*ours.iterdir(), *serial.iterdir())}
        differing += [
            f"{name}/{file}"
            for file in sorted(files)
            if not (ours / file).is_file()
            or not (serial / file).is_file()
            or (ours / file).read_bytes() != (serial / file).read_bytes()
        ]
        there = [frame.path for frame in read_frame_table(ours / "frames.parquet")]
        given = {path.name for path in (run.parent / "photos" / name).iterdir()}
        photos += len(given)
        lost += len(given - set(there))
        doubled += len(there) - len(set(there))
    return {"photos": photos, "lost": lost, "doubled": doubled, "differing_files": differing}


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patrols", type=int, default=10)
    parser.add_argument("--photos", type=int, default=50, help="of each patrol")
    for way in WAYS:
        parser.add_argument(f"--{way}", type=Path, help=argparse.SUPPRESS)
    options = vars(parser.parse_args())
    for way, do in WAYS.items():
        if options[way] is not None:
            do(options[way])
            return
    with tempfile.TemporaryDirectory() as folder:
        told = answer(Path(folder), options["patrols"], options["photos"])
    print(json.dumps(told))
    if bad := worse_than_asked(told):
        sys.exit(f"worse than asked: {', '.join(bad)}")


def worse_than_asked(told: Mapping[str, Any]) -> list[str]:
    """Name what of an answer is worse than asked."""
    runs = [told["undisturbed"], told["killed"]]
    holds = {
        "photos lost": not any(run["lost"] for run in runs),
        "photos doubled": not any(run["doubled"] for run in runs),
        "files differ": not any(run["differing_files"] for run in runs),
        "overhead": told["overhead_share"] <= MOST_OVERHEAD_SHARE,
        "efficiency": told["efficiency_on_two"] >= LEAST_EFFICIENCY,
    }
    return [name for name, is_held in holds.items() if not is_held]


def answer(root: Path, patrols: int, photos: int) -> dict[str, Any]:
    """Do all three, in a folder."""
    run = photograph(root, patrols, photos)
    names = [f"p{number:02d}" for number in range(patrols)]
    serial, beside, campaign = (timed(way, run) for way in WAYS)
    undisturbed = differences(run, names)
    (root / "patrols").rename(root / "undisturbed")
    kill_everything(run)
    return {
        "undisturbed": undisturbed,
        "killed": differences(run, names),
        "serial_cpu_s": round(serial.cpu_s, 1),
        "two_processes_cpu_s": round(beside.cpu_s, 1),
        "campaign_cpu_s": round(campaign.cpu_s, 1),
        "busy_share": round(campaign.busy_share, 3),
        "overhead_share": round(campaign.cpu_s / serial.cpu_s - 1, 3),
        "over_two_processes_share": round(campaign.cpu_s / beside.cpu_s - 1, 3),
        "efficiency_on_two": round(campaign.busy_share * serial.cpu_s / campaign.cpu_s, 3),
    }


if __name__ == "__main__":
    main()
