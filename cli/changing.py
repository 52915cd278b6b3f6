"""What two orthophotos say was built and what is gone."""

import json
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from cli import console
from geo.errors import AerogridError
from geo.files import require_writable
from geo.formats import write_features
from vision.change import ChangeRules
from vision.change_maps import Compared, compare_orthophotos
from vision.detector import open_detector

_SUFFIXES = (".geojson", ".gpkg")
_FIELDS = ("change", "score", "area_m2")


def change(before: Path, after: Path, out: Path, model: Path | None, *, as_json: bool) -> int:
    """Compare two orthophotos and write the changes."""
    if out.suffix not in _SUFFIXES:
        raise AerogridError(f"{out}: is neither .geojson nor .gpkg; give one of the two.")
    require_writable(out)
    with console.bars() as bars:
        compared = compare_orthophotos(
            before, after, open_detector(model), ChangeRules(), bars("comparing windows")
        )
    rows = [
        {
            "change": str(item.kind), "score": item.score, "area_m2": round(item.area_m2, 1),
            "geometry": item.polygon,
        }
        for item in compared.changes
    ]  # fmt: skip
    write_features(out, "changes", rows, fields=_FIELDS)
    summary = _summary(compared, out)
    if as_json:
        console.out.print_json(json.dumps(summary))
        return 0
    counts = Counter(str(item.kind) for item in compared.changes)
    console.show("Buildings", ["change", "count"], counts.items())
    console.out.print(
        f"{summary['shared_m2'] / 1e4:.2f} ha compared; the earlier one was moved by "
        f"{summary['median_shift_px']:.1f} pixels of the model (median of windows)",
        highlight=False,
    )
    console.out.print(f"changes: {console.where(out)}; for a person to check", highlight=False)
    return 0


def _summary(compared: Compared, out: Path) -> dict[str, Any]:
    counts = Counter(str(item.kind) for item in compared.changes)
    shifts = [(s.right_px**2 + s.down_px**2) ** 0.5 for s in compared.shifts]
    return {
        "new": counts["new"],
        "vanished": counts["vanished"],
        "shared_m2": round(compared.shared_m2, 1),
        "median_shift_px": round(median(shifts), 2) if shifts else 0.0,
        "file": str(out),
    }
