"""Answer every question once: python -m benchmarks [planning georef detect demo].

Planning and georef run the scoring scripts that lie beside the test data (AEROGRID_DATA, default
../shared) and say so where they are absent.
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


def georef(data: Path) -> None:
    """Locate the pixels of real photos, by tags alone and adjusted, and compare with the truth."""
    score, brighton = data / "georef" / "bench" / "score.py", data / "georef" / "brighton"
    run(score, "benchmarks.georef", brighton / "scene12.json")
    run(score, "benchmarks.georef", brighton / "scene.json", "adjust=true")
    run(ROOT / "benchmarks" / "locating.py", brighton)


def detect(data: Path) -> None:
    """Compare the whole way of a photo with the bare inference session."""
    run(ROOT / "benchmarks" / "detect.py", data / "georef" / "brighton" / "images")


def demo(_: Path) -> None:
    """Patrol one simulated district; more seeds with `python -m benchmarks.demo`."""
    run(ROOT / "benchmarks" / "demo.py", "--seeds", 1)


QUESTIONS: dict[str, Callable[[Path], None]] = {
    "planning": planning,
    "georef": georef,
    "detect": detect,
    "demo": demo,
}


def main() -> None:
    """Run what was asked for, all without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="*", choices=[[], *QUESTIONS])
    data = data_folder()
    for name in parser.parse_args().questions or QUESTIONS:
        print(f"== {name}: {QUESTIONS[name].__doc__}", flush=True)
        if name != "demo" and not data.exists():
            print(f"skipped: the test data is not at {data} (set AEROGRID_DATA)")
            continue
        QUESTIONS[name](data)


if __name__ == "__main__":
    main()
