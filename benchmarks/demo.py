"""Does the whole chain find what was planted, in districts it has never seen?

    python -m benchmarks.demo --seeds 1 2 3 4 5 6

Runs `aerogrid demo` once for each seed and prints one line each and the worst of every figure.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES = ("recall", "precision", "twin_share", "one_case_share", "median_position_error_m")
BETTER = {"recall": min, "precision": min, "one_case_share": min}


def run_seed(seed: int, folder: Path) -> dict[str, Any]:
    """Run the demonstration of one seed and return what it tells as JSON."""
    command = [sys.executable, "-c", "from cli.main import main; main()"]
    command += ["demo", str(folder), "--seed", str(seed), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def line(name: object, told: dict[str, Any]) -> str:
    """One row of the table."""
    figures = "  ".join(f"{told[key]:>8.3f}" for key in FIGURES)
    return f"{name!s:>6}  {figures}  {told['photos']:>6}  {told['seconds']['total']:>7.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    seeds = parser.parse_args(arguments).seeds
    print(
        f"{'seed':>6}  {'recall':>8}  {'precis.':>8}  {'twins':>8}  {'one case':>8}  "
        f"{'error m':>8}  {'photos':>6}  {'seconds':>7}"
    )
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            results.append(run_seed(seed, Path(folder) / f"seed{seed}"))
            print(line(seed, results[-1]), flush=True)
    worst = {key: BETTER.get(key, max)(told[key] for told in results) for key in FIGURES}
    worst["photos"] = max(told["photos"] for told in results)
    worst["seconds"] = {"total": max(told["seconds"]["total"] for told in results)}
    print(line("worst", worst))


if __name__ == "__main__":
    main()
