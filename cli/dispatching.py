"""The verbs `dispatch`, `due` and `routes check`: who handles what, until when, and what nobody."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cases.database import path_of
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cli import console
from dispatch.assigning import Order, assign, orders_for
from dispatch.clock import stamp
from dispatch.due import DueCase, due_cases, due_cases_at
from dispatch.errors import DispatchError
from dispatch.route_files import load_routing
from dispatch.routing import RoutingTable
from dispatch.routing_check import (
    RoutingGap,
    Stray,
    gaps_of,
    refuse_unknown_categories,
    strays_of,
)
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from pipeline.filing import registry_of
from pipeline.filings import settings_as_filed
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.settings import Settings, read_settings
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace


def dispatch(patrol: Path, config: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Assign every established case by the routing table; 3 where some are left."""
    workspace = Workspace(patrol)
    settings = settings_of(workspace, config)
    table = routing_of(workspace, settings)
    with Registry.open(registry_there(workspace, settings)) as registry:
        orders = (
            orders_for(registry, table)
            if dry_run
            else assign(registry, table, now=datetime.now(UTC))
        )
    if as_json:
        console.out.print_json(data=[_order_json(order) for order in orders])
    else:
        _tell_orders(orders)
    left = [order for order in orders if order.owner is None or order.refused]
    for order in left:
        why = order.refused or "nobody answers for its place and category; see `aerogrid routes`"
        console.warn(f"{order.case.case_no}: not assigned: {why}")
    return console.IN_PART if left else console.DONE


def routing_of(workspace: Workspace, settings: Settings) -> RoutingTable:
    """Read the routing table that the settings of a patrol name."""
    path = settings.dispatching.routing
    if path is None:
        raise DispatchError(
            "no routing table is named; write one (docs/dispatch.md) and name it as "
            "dispatching.routing in a settings file that --config gives"
        )
    cells = read_inputs(workspace).cells if workspace.inputs.exists() else None
    table = load_routing(path, None if cells is None else read_cells(cells, settings.grids))
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    refuse_unknown_categories(table, rulebook.categories, str(path))
    return table


def registry_there(workspace: Workspace, settings: Settings) -> str | Path:
    """Where a patrol's cases are kept; refuses a folder without any, and makes none there."""
    where = registry_of(workspace, settings)
    path = path_of(where)
    if path is not None and not path.exists():
        raise DispatchError(
            f"{path}: no case registry is there; run `aerogrid analyze PHOTOS --out "
            f"{workspace.root}` first"
        )
    return where


def due(patrol: Path, config: Path | None, *, at: datetime | None, as_json: bool) -> int:
    """List open cases by deadline."""
    workspace = Workspace(patrol)
    settings = settings_of(workspace, config)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    timetable = Timetable(load_calendar(settings.dispatching.calendar))
    with Registry.open(registry_there(workspace, settings)) as registry:
        found = (
            due_cases(registry, rulebook.categories, timetable, now=datetime.now(UTC))
            if at is None
            else due_cases_at(registry, rulebook.categories, timetable, moment=at)
        )
    if as_json:
        console.out.print_json(data=[_due_json(entry) for entry in found])
    else:
        _tell_due(found, timetable.calendar.utc_offset_hours)
    return console.DONE


def check_routes(routing: Path, grids: Path, config: Path | None, *, as_json: bool) -> int:
    """List what has no owner, and rows about places that there are none of; 3 for any."""
    settings = read_settings(config)
    grid = read_cells(grids, settings.grids)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    table = load_routing(routing, grid)
    refuse_unknown_categories(table, rulebook.categories, str(routing))
    gaps = gaps_of(table, grid, rulebook.categories)
    strays = strays_of(table, list(grid))
    if as_json:
        told = [*map(_gap_json, gaps), *map(_stray_json, strays)]
        console.out.print_json(data=told)
    else:
        _tell_gaps(gaps, len(grid), len(rulebook.categories))
        for stray in strays:
            console.warn(f"{stray.row} names a place that the grid does not have: {stray.named}")
    return console.IN_PART if gaps or strays else console.DONE


def settings_of(workspace: Workspace, config: Path | None) -> Settings:
    """As `settings_for`, of a patrol that is there: any name would do where `config` has all.

    Raises:
        DispatchError: there is no such folder.
    """
    if not workspace.root.is_dir():
        raise DispatchError(
            f"{workspace.root}: there is no such folder; give that of a patrol, which `--out` of "
            "`aerogrid analyze` named"
        )
    return settings_for(workspace, config)


def settings_for(workspace: Workspace, config: Path | None) -> Settings:
    """Settings of a patrol, or those named now; its registry where the cases were filed.

    A sender of alerts may begin before the first patrol is there.
    """
    return settings_as_filed(workspace, patrol_settings(workspace, config))


def _order_json(order: Order) -> dict[str, object]:
    return {
        "case": order.case.case_no,
        "category": order.case.category,
        "owner": order.owner.key if order.owner else None,
        "territory": bool(order.owner and order.owner.is_territory),
        "returns": order.returns,
        "refused": order.refused,
    }


def _tell_orders(orders: Sequence[Order]) -> None:
    rows = [
        (
            order.case.case_no,
            order.case.category,
            order.case.place.cell_code,
            order.owner.key if order.owner else "nobody",
            order.returns,
        )
        for order in orders
    ]
    names = ("case", "category", "cell", "to", "returns")
    console.show(f"{len(rows)} established cases", names, rows)


def _due_json(entry: DueCase) -> dict[str, object]:
    due_at = entry.deadline.due_at
    return {
        "case": entry.case.case_no,
        "stage": entry.course.stage.value,
        "standing": entry.deadline.standing.value,
        "due_at": due_at.isoformat() if due_at else None,
        "provisional": entry.deadline.is_provisional,
        "returns": entry.course.returns,
        "reworks": entry.course.reworks,
        "supervisions": entry.course.supervisions,
    }


def _tell_due(found: Sequence[DueCase], utc_offset_hours: float) -> None:
    rows = []
    for entry in found:
        due_at = entry.deadline.due_at
        when = "stands still" if due_at is None else stamp(due_at, utc_offset_hours)
        mark = " (provisional)" if entry.deadline.is_provisional else ""
        standing = entry.deadline.standing.value
        rows.append((entry.case.case_no, entry.course.stage.value, standing, when + mark))
    names = ("case", "stage", "standing", "due")
    console.show(f"{len(rows)} cases with a deadline", names, rows)


def _stray_json(stray: Stray) -> dict[str, object]:
    return {"gap": "unknown place", "rows": [stray.row], "names": stray.named}


def _gap_json(gap: RoutingGap) -> dict[str, object]:
    return {
        "gap": gap.gap.value,
        "cell": gap.cell.code,
        "category": gap.category,
        "falls_to": gap.falls_to,
        "rows": list(gap.rows),
    }


def _tell_gaps(gaps: Sequence[RoutingGap], cells: int, categories: int) -> None:
    """Tell gaps of one kind together, with the cells of a town counted."""
    alike = Counter(_kind(gap) for gap in gaps)
    example: dict[tuple[str, ...], str] = {}
    for gap in gaps:
        example.setdefault(_kind(gap), gap.cell.code)
    rows = [(*kind, count, example[kind]) for kind, count in alike.items()]
    names = ("gap", "category", "town", "falls to", "rows", "cells", "for example")
    title = f"{len(gaps)} gaps in {cells} cells x {categories} categories"
    console.show(title, names, rows)


def _kind(gap: RoutingGap) -> tuple[str, ...]:
    town, rows = gap.cell.town, " and ".join(gap.rows)
    return (gap.gap.value, gap.category, town, gap.falls_to, rows)
