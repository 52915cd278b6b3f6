"""Answer every question once: python -m benchmarks [planning plans ...].

Planning and georef run scoring scripts, flight_time reads a recording and detect photos of the test
data (AEROGRID_DATA, default ../shared); they say so where it is absent.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Folder of the test data."""
    return Path(os.environ.get("AEROGRID_DATA", ROOT.parent / "shared"))


def run(*arguments: object, folder: Path = ROOT) -> None:
    """Run a Python script with our packages in reach and let it print."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *map(str, arguments)], cwd=folder, env=environment, check=True)


def planning(data: Path) -> None:
    """Cover the comparison's polygons and score the paths."""
    scripts = data / "planning"
    with tempfile.TemporaryDirectory() as out:
        result = Path(out) / "aerogrid.json"
        adapter = ROOT / "benchmarks" / "planning.py"
        run(scripts / "run_peer.py", adapter, scripts / "dev.geojson", result, folder=scripts)
        run(scripts / "summarize.py", scripts / "dev.geojson", out, folder=scripts)
    run(ROOT / "benchmarks" / "planning.py", scripts / "dev.geojson")


def flight_time(data: Path) -> None:
    """Compare planned times with those of the built-in vehicle and of a real recording."""
    recording = data / "sitl" / "copter_survey.tlog"
    run(ROOT / "benchmarks" / "flight_time.py", "--recording", recording)


def plans(_: Path) -> None:
    """Plan 500 random polygons among zones, masts and hills; each plan must pass the check."""
    os.environ["AEROGRID_EXAMPLES"] = "500"
    run("-m", "pytest", "-q", "--hypothesis-show-statistics", "tests/missions/test_safe_plans.py")


def district(_: Path) -> None:
    """Plan, route, schedule and check a district of 1157 cells."""
    run(ROOT / "benchmarks" / "district.py")


def georef(data: Path) -> None:
    """Locate the pixels of real photos, by tags alone and adjusted, and compare with the truth."""
    score, brighton = data / "georef" / "bench" / "score.py", data / "georef" / "brighton"
    run(score, "benchmarks.georef", brighton / "scene12.json")
    run(score, "benchmarks.georef", brighton / "scene.json", "adjust=true")
    run(ROOT / "benchmarks" / "locating.py", brighton)


def detect(data: Path) -> None:
    """Compare the whole way of a photo with the bare inference session."""
    run(ROOT / "benchmarks" / "detect.py", data / "georef" / "brighton" / "images")


def change(data: Path) -> None:
    """Find new buildings in pairs of pictures whose registration is off."""
    run("-m", "benchmarks.change", data / "vision" / "change_pairs")


def dark(data: Path) -> None:
    """Dim photos of boats until the model no longer sees them."""
    fishing = data / "vision" / "fishing"
    run("-m", "benchmarks.dark", fishing / "images", fishing / "masks")


def tags(_: Path) -> None:
    """Read 10,000 photos whose tags hold anything, each beside a sound one."""
    run("-m", "benchmarks.tags", "--count", 10_000)


def uploads(_: Path) -> None:
    """Upload a thousand lists over a rough link and see how each ends."""
    run("-m", "benchmarks.uploads")


def demo(_: Path) -> None:
    """Patrol one simulated district; more seeds with `python -m benchmarks.demo`."""
    run(ROOT / "benchmarks" / "demo.py", "--seeds", 1)


def association(_: Path) -> None:
    """Join what three patrols saw of known worlds, file it, and trace every case to its object."""
    run(ROOT / "benchmarks" / "association.py")


def crash(_: Path) -> None:
    """Kill writers of a registry 200 times, then its review page, and look at what is left."""
    run("-m", "benchmarks.crash", "--kills", 200)
    run("-m", "benchmarks.crash_writers", "--kills", 200)
    run("-m", "benchmarks.crash_http", "--kills", 200)


def alerts(_: Path) -> None:
    """Send 10,000 alerts to gateways that fail, and kill the sender twice."""
    run("-m", "benchmarks.alerts", "--cases", 500, "--kills", 2)


def watching(_: Path) -> None:
    """Let photos of fires land while they are watched; time the alerts at the gateway."""
    run("-m", "benchmarks.watching", "--fires", 12, "--every", 3)


def registry(_: Path) -> None:
    """Ask a registry of a million cases, and file 100,000 sights of as many open cases."""
    run(ROOT / "benchmarks" / "registry.py", "--match", 100_000)
    run(ROOT / "benchmarks" / "registry.py")


def inspectors(_: Path) -> None:
    """Let fifty inspectors review at once for five minutes: nothing lost, nothing twice."""
    run(ROOT / "benchmarks" / "inspectors.py")


def campaign(_: Path) -> None:
    """Run 500 photos serially and as a campaign, and kill worker, driver and scheduler."""
    run("-m", "benchmarks.campaign", "--patrols", 10, "--photos", 50)


def campaign_memory(_: Path) -> None:
    """Plan a campaign of a million photos and keep its ledger, without the photos."""
    run("-m", "benchmarks.campaign_memory")
    run("-m", "benchmarks.campaign_memory", "--photos", 100_000, "--dask")


def photo_index(_: Path) -> None:
    """Find all pictures of a roof among 100,000 photos."""
    run("-m", "benchmarks.photo_index")


def page_start(_: Path) -> None:
    """Open the page of patrols with 100,000 photos, beside one that holds every frame."""
    run("-m", "benchmarks.page_start")


QUESTIONS: dict[str, Callable[[Path], None]] = {
    "planning": planning,
    "flight_time": flight_time,
    "plans": plans,
    "district": district,
    "georef": georef,
    "detect": detect,
    "dark": dark,
    "change": change,
    "tags": tags,
    "uploads": uploads,
    "demo": demo,
    "association": association,
    "crash": crash,
    "alerts": alerts,
    "watching": watching,
    "registry": registry,
    "inspectors": inspectors,
    "campaign": campaign,
    "campaign_memory": campaign_memory,
    "photo_index": photo_index,
    "page_start": page_start,
}
NEED_DATA = ("planning", "flight_time", "georef", "detect", "dark", "change")


def main() -> None:
    """Run what was asked for, all without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="*", choices=[[], *QUESTIONS])
    data = data_folder()
    for name in parser.parse_args().questions or QUESTIONS:
        print(f"== {name}: {QUESTIONS[name].__doc__}", flush=True)
        if name in NEED_DATA and not data.exists():
            print(f"skipped: the test data is not at {data} (set AEROGRID_DATA)")
            continue
        QUESTIONS[name](data)


if __name__ == "__main__":
    main()
