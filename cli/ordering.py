"""The verb `order`: work orders for those who go there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cases.categories import Category, Words
from cases.lifecycle import Stage
from cases.model import Case, Event
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import find_category
from cli import console
from cli.dispatching import registry_there, routing_of, settings_of
from dispatch.assigning import owner_of
from dispatch.deadlines import course_of, deadline_of
from dispatch.errors import DispatchError
from dispatch.routing import RoutingTable
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from dispatch.work_order import OrderFacts, order_page
from pipeline.ordering import write_work_orders
from pipeline.workspace import Workspace

_SENT_OUT = (Stage.ASSIGNED, Stage.HANDLING)


def order(patrol: Path, numbers: Sequence[str], out: Path, config: Path | None) -> int:
    """Write the work orders of cases; without numbers those of all that are sent out."""
    workspace = Workspace(patrol)
    settings = settings_of(workspace, config)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    timetable = Timetable(load_calendar(settings.dispatching.calendar))
    table = None if settings.dispatching.routing is None else routing_of(workspace, settings)
    with Registry.open(registry_there(workspace, settings)) as registry:
        cases = _wanted(registry, numbers)
        histories = registry.histories(case.case_no for case in cases)
    if not cases:
        raise DispatchError(
            "no case is assigned or being handled; run `aerogrid dispatch`, or name cases"
        )
    now = datetime.now(UTC)
    pages = []
    for case in cases:
        events, category = (
            histories[case.case_no],
            find_category(rulebook.categories, case.category),
        )
        deadline = deadline_of(course_of(events), category.limit, timetable, now=now)
        department = _department(case, category, events, table)
        facts = OrderFacts(case, category, department, deadline, tuple(events))
        pages.append(order_page(facts, timetable.calendar.utc_offset_hours))
    write_work_orders(workspace, out, cases, pages, timetable.calendar.utc_offset_hours)
    orders = console.counted(len(pages), "work order")
    console.out.print(f"{orders} in {console.where(out)}", highlight=False)
    return console.DONE


def _wanted(registry: Registry, numbers: Sequence[str]) -> list[Case]:
    if numbers:
        return [registry.case(number) for number in dict.fromkeys(numbers)]
    listed = registry.cases(stage=_SENT_OUT, order="number", limit=None)
    return [registry.case(case.case_no) for case in listed]


def _department(
    case: Case, category: Category, events: Sequence[Event], table: RoutingTable | None
) -> Words:
    """Who handles a case by the routing table; by the category where there is none."""
    owner = None if table is None else owner_of(case, events, table)
    return category.department if owner is None else owner.name
