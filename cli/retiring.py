"""Photos that nobody needs any more: what is told of them, and taking them away."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli import console
from pipeline.retiring import Retiring, retire, what_would_go
from pipeline.workspace import Workspace

_MB = 1e6


def run(patrols: Sequence[Path], before: str, *, do_it: bool, as_json: bool) -> int:
    """Tell what would go of patrols, or with `do_it` take it away."""
    limit, now = console.moment("--before", before), datetime.now(UTC)
    told: dict[str, Retiring] = {}
    is_in_part = False
    for patrol in patrols:
        workspace = Workspace(patrol)
        if do_it:
            told[str(patrol)], changed = retire(workspace, limit, now=now)
            for path in changed:
                console.warn(f"{path}: is another file than was analysed; it stays")
            is_in_part = is_in_part or bool(changed)
        else:
            told[str(patrol)] = what_would_go(workspace, limit)
    if as_json:
        console.out.print_json(json.dumps({"done": do_it, "patrols": _plain(told)}))
    else:
        _tell(told, do_it=do_it)
    return console.IN_PART if is_in_part else console.DONE


def _plain(told: dict[str, Retiring]) -> dict[str, object]:
    return {
        name: {
            "patrol": item.patrol_id,
            "going": [frame.path for frame, _ in item.going],
            "going_bytes": item.going_bytes,
            "evidence": item.evidence,
            "young": item.young,
            "undated": item.undated,
            "gone_before": item.gone,
            "cases_under_way": item.under_way,
        }
        for name, item in told.items()
    }


def _tell(told: dict[str, Retiring], *, do_it: bool) -> None:
    columns = [
        "patrol",
        "gone" if do_it else "would go",
        "MB",
        "evidence",
        "too young",
        "no time",
        "open cases",
    ]
    rows = [
        (
            console.where(Path(name)), len(item.going), round(item.going_bytes / _MB),
            item.evidence, item.young, item.undated, item.under_way,
        )
        for name, item in told.items()
    ]  # fmt: skip
    console.show("Photos", columns, rows)
    if undated := sum(item.undated for item in told.values()):
        console.out.print(
            f"{console.counted(undated, 'photo')} without a time: of unknown age, never removed"
        )
    if not do_it:
        console.out.print("nothing was removed; --yes removes what would go")
