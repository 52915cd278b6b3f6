"""How long from smoke in a photo that lands to the alert at the gateway, and is anything missed?

    python -m benchmarks.watching --fires 12 --every 3

Fires of a synthetic district are photographed at 12 megapixels (rendered at 0.75 and enlarged),
one each. The photos land in a
folder at the rate of a flight, while `watch` and `alerts send` run as programs beside each other;
the gateway is a real HTTP server on this machine. `watch` is killed (kill -9) half-way and started
again. Afterwards `analyze` runs over the whole folder, and must double nothing.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from benchmarks.alerts import ROOT, ROUTING
from benchmarks.gateway_server import SECRET, GatewayServer, gateway
from cases.registry import Registry
from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from simulations.camera import render
from simulations.ground import build_area
from simulations.layout import District
from simulations.light import Light
from simulations.planting import Counts, Kind, Planted, plant
from simulations.recording import write_district, write_photo
from simulations.town import make_district

CAMERA = Camera.centred(4000, 3000, 2949.0)
SMALL = Camera.centred(1000, 750, 2949.0 / 4)
"""What is rendered, since rendering all pixels takes half a minute each."""
HEIGHT_M = 100.0
REACH_M = 220.0
FLOWN = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
DISTRICT_FILES = (("--grids", "cells.gpkg"), ("--zones", "zones.gpkg"), ("--dem", "dem.tif"))
LONGEST_WAIT_S = 300.0


@dataclass
class Told:
    """Seconds from landing to the gateway, by photo, and what went wrong."""

    latency_s: dict[str, float]
    problems: list[str]
    cpu_s: float = 0.0


def photograph(folder: Path, fires: int, seed: int) -> None:
    """Render one photo of each fire, straight from above, and enlarge it to 12 megapixels."""
    district = make_district(seed)
    planted = plant(district, district.patrol_codes, seed, Counts(open_burning=fires))
    write_district(folder / "district", district, planted)
    (folder / "photos").mkdir()
    burning = [item for item in planted if item.kind is Kind.BURNING]
    for number, fire in enumerate(burning, 1):
        pose = Pose(_above(district, fire), Attitude(0.0, -90.0), source="benchmark")
        bounds = (fire.x_m - REACH_M, fire.y_m - REACH_M, fire.x_m + REACH_M, fire.y_m + REACH_M)
        area = build_area(district, planted, bounds)
        rng = np.random.default_rng([seed, number])
        small = render(area, SMALL, pose, district.frame, Light(), rng)
        large = cv2.resize(small, (CAMERA.width_px, CAMERA.height_px))
        path = folder / "photos" / f"fire_{number:04d}.jpg"
        at = FLOWN + timedelta(seconds=60 * number)
        write_photo(path, large.astype(np.uint8), pose, CAMERA, at, height_home_m=HEIGHT_M)


def _above(district: District, fire: Planted) -> GeoPoint:
    lon_deg, lat_deg = district.frame.lonlat_from_xy(np.array([[fire.x_m, fire.y_m]]))[0]
    ground_m = float(district.relief.height_at(fire.x_m, fire.y_m))
    return GeoPoint(lon_deg, lat_deg, ground_m + HEIGHT_M)


def write_settings(folder: Path, url: str) -> Path:
    """Tell of every new case by SMS, and keep the cases in a registry of the district."""
    (folder / "routing.toml").write_text(ROUTING)
    (folder / "alerts.toml").write_text(
        'version = "stand-in"\n[[policies]]\ncategory = "*"\nevents = ["file"]\n'
        'to = ["department"]\nchannels = ["sms"]\n'
        '[[gateways]]\nchannel = "sms"\ntemplate = "webhook"\nkey_id = "GATEWAY_KEY"\n'
        f'secret = "GATEWAY_SECRET"\nvalues = {{ url = "{url}" }}\n'
    )
    settings = folder / "district.toml"
    settings.write_text(
        '[filing]\nregistry = "district.sqlite"\n'
        '[dispatching]\nrouting = "routing.toml"\nalerts = "alerts.toml"\n'
    )
    return settings


def start(*arguments: object) -> subprocess.Popen[bytes]:
    """Start a verb of the program."""
    environment = {**os.environ, "GATEWAY_KEY": "aerogrid", "GATEWAY_SECRET": SECRET}
    command = command_of(*arguments)
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def fly(folder: Path, every_s: float) -> Told:
    """Let the photos land one by one, and hold what the gateway got against them."""
    photos, landing, patrol = (folder / name for name in ("photos", "landing", "patrol"))
    landing.mkdir()
    with gateway() as server:
        settings = write_settings(folder, server.url)
        Registry.open(folder / "district.sqlite").close()
        given = ["--config", settings, "--out", patrol]
        for option, name in DISTRICT_FILES:
            given += [option, folder / "district" / name]
        cpu_before_s = _cpu_of_children_s()
        watch = start("watch", landing, *given)
        sender = start("alerts", "send", patrol, "--config", settings)
        try:
            _wait_for(patrol / "inputs.json", LONGEST_WAIT_S)
            names = sorted(path.name for path in photos.glob("*.jpg"))
            landed_s = _land(photos, landing, names[: len(names) // 2], every_s)
            watch.kill()
            watch.wait()
            watch = start("watch", landing, *given)
            landed_s |= _land(photos, landing, names[len(names) // 2 :], every_s)
            _wait_for_alerts(server, folder, len(names))
        finally:
            for process in (watch, sender):
                process.terminate()
                process.wait(60)
        told = judge(server, folder, landed_s)
        told.cpu_s = _cpu_of_children_s() - cpu_before_s
        before = _case_numbers(folder)
        subprocess.run(command_of("analyze", landing, *given), cwd=ROOT, check=True)
        if _case_numbers(folder) != before:
            told.problems.append(f"analyze made {_case_numbers(folder)} of {before}")
    return told


def _cpu_of_children_s() -> float:
    """CPU of the programs that have ended by now."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def command_of(*arguments: object) -> list[str]:
    """The command of a verb."""
    return [sys.executable, "-m", "cli.main", *map(str, arguments)]


def _land(photos: Path, landing: Path, names: Sequence[str], every_s: float) -> dict[str, float]:
    """Put photos into the folder, each as a whole; gives when."""
    landed_s = {}
    for name in names:
        begun = time.monotonic()
        shutil.copyfile(photos / name, landing / f".{name}")
        os.replace(landing / f".{name}", landing / name)
        landed_s[name.removesuffix(".jpg")] = time.monotonic()
        time.sleep(max(0.0, every_s - (time.monotonic() - begun)))
    return landed_s


def _wait_for(path: Path, longest_s: float) -> None:
    begun = time.monotonic()
    while not path.exists():
        if time.monotonic() - begun > longest_s:
            raise RuntimeError(f"{path} did not come")
        time.sleep(0.1)


def _wait_for_alerts(server: GatewayServer, folder: Path, photos: int) -> None:
    """Wait until every photo has been searched and every case told."""
    begun = time.monotonic()
    while time.monotonic() - begun < LONGEST_WAIT_S:
        if _searched(folder) == photos and len(server.taken) >= len(_case_numbers(folder)):
            return
        time.sleep(0.2)


def _searched(folder: Path) -> int:
    ledger = folder / "patrol" / "detections.part.jsonl"
    return len(ledger.read_bytes().splitlines()) if ledger.exists() else 0


def _case_numbers(folder: Path) -> list[str]:
    with Registry.open(folder / "district.sqlite") as registry:
        return [case.case_no for case in registry.cases(order="number", limit=None)]


def judge(server: GatewayServer, folder: Path, landed_s: dict[str, float]) -> Told:
    """Trace every alert to the photo that first showed its case."""
    with Registry.open(folder / "district.sqlite") as registry:
        shown = {
            case.case_no: (case.category, registry.evidence(case.case_no)[0].photo_id)
            for case in registry.cases(limit=None)
        }
    told = Told({}, [])
    cases = [str(alert["case"]) for alert in server.taken]
    if sorted(cases) != sorted(shown):
        told.problems.append(f"{len(shown)} cases, {len(cases)} alerts of {len(set(cases))}")
    for case_no, at_s in zip(cases, server.taken_at_s, strict=True):
        category, photo_id = shown[case_no]
        if category == "burning.straw":
            took_s = at_s - landed_s[photo_id]
            told.latency_s[photo_id] = max(took_s, told.latency_s.get(photo_id, 0.0))
    return told


def main() -> None:
    """Print the latency; exit code 1 where something was missed or doubled."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fires", type=int, default=12)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between photos")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--photos", type=Path, help="folder that an earlier run has rendered")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aerogrid-watch-") as name:
        folder = Path(name)
        if given.photos is None:
            photograph(folder, given.fires, given.seed)
        else:
            shutil.copytree(given.photos, folder, dirs_exist_ok=True)
        told = fly(folder, given.every)
    taken = sorted(told.latency_s.values())
    p50, p95 = (float(np.percentile(taken, share)) for share in (50, 95))
    print(
        f"{len(taken)} photos with smoke, one each {given.every:g} s: alert at the gateway after "
        f"{p50:.1f} s (median), {p95:.1f} s (p95), {taken[-1]:.1f} s at most; load average "
        f"{os.getloadavg()[0]:.1f}; {told.cpu_s:.1f} s of CPU of the watch, "
        "its second start and the sender"
    )
    for problem in told.problems:
        print(f"PROBLEM {problem}")
    sys.exit(1 if told.problems else 0)


if __name__ == "__main__":
    main()
