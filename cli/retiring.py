"""Photos that nobody needs any more: what is told of them, and taking them away."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli import console
from cli.many_patrols import of_each
from pipeline.retiring import Retiring, retire, what_would_go
from pipeline.workspace import Workspace

_MB = 1e6


def run(patrols: Sequence[Path], before: str, *, do_it: bool, as_json: bool) -> int:
    """Tell what would go of patrols, or with `do_it` take it away; all stays of those refused."""
    limit, now = console.moment("--before", before), datetime.now(UTC)
    others: list[str] = []

    def done(patrol: Path) -> Retiring:
        if not do_it:
            return what_would_go(Workspace(patrol), limit)
        went, changed = retire(Workspace(patrol), limit, now=now)
        for path in changed:
            console.warn(f"{path}: is another file than was analysed; it stays")
        others.extend(changed)
        return went

    told, refused = of_each(patrols, done)
    if as_json:
        why = {str(patrol): reason for patrol, reason in refused.items()}
        whole = {"done": do_it, "patrols": _plain(told), "refused": why}
        console.out.print_json(json.dumps(whole))
    else:
        _tell(told, do_it=do_it)
    return console.IN_PART if others or refused else console.DONE


def _plain(told: Mapping[Path, Retiring]) -> dict[str, object]:
    return {
        str(patrol): {
            "patrol": item.patrol_id,
            "going": [frame.path for frame, _ in item.going],
            "going_bytes": item.going_bytes,
            "evidence": item.evidence,
            "young": item.young,
            "undated": item.undated,
            "gone_before": item.gone,
            "cases_under_way": item.under_way,
        }
        for patrol, item in told.items()
    }


def _tell(told: Mapping[Path, Retiring], *, do_it: bool) -> None:
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
            console.where(patrol), len(item.going), round(item.going_bytes / _MB),
            item.evidence, item.young, item.undated, item.under_way,
        )
        for patrol, item in told.items()
    ]  # fmt: skip
    console.show("Photos", columns, rows)
    if undated := sum(item.undated for item in told.values()):
        console.out.print(
            f"{console.counted(undated, 'photo')} without a time: of unknown age, never removed"
        )
    if not do_it:
        console.out.print("nothing was removed; --yes removes what would go")
