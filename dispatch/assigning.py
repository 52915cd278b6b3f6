"""Send out what is established: each case to whoever the routing table says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cases.errors import CaseError
from cases.lifecycle import Action, Role, Stage
from cases.model import Case, Event
from cases.registry import Registry
from dispatch.deadlines import Course, course_of
from dispatch.routing import Owner, Route, RoutingTable

ACTOR = "dispatch"


@dataclass(frozen=True, slots=True)
class Order:
    """A case and who has to handle it.

    Attributes:
        owner: None where the table has nobody, not even a post of the territory.
        returns: how often it was sent back before.
        refused: why the registry did not take the assignment; empty where it did.
    """

    case: Case
    owner: Owner | None
    returns: int
    refused: str = ""


def orders_for(registry: Registry, table: RoutingTable) -> list[Order]:
    """Tell of every established case who would have to handle it, urgent ones first."""
    cases = registry.cases(stage=Stage.ESTABLISHED, limit=None)
    histories = registry.histories(case.case_no for case in cases)
    return [_order(case, histories[case.case_no], table) for case in cases]


def assign(registry: Registry, table: RoutingTable, *, now: datetime) -> list[Order]:
    """Assign every established case; a case that somebody changes meanwhile is left, and told."""
    return [_assigned(registry, order, table, now) for order in orders_for(registry, table)]


def owner_of(case: Case, events: Iterable[Event], table: RoutingTable) -> Owner | None:
    """Who has to handle a case: whom its history names, else the next by the table."""
    course = course_of(events)
    route = table.route(case.place, case.category)
    named = course.assigned_to[-1] if course.assigned_to else ""
    waits = case.stage in (Stage.REPORTED, Stage.ESTABLISHED)
    known = [owner for owner in route.queue if owner.key == named and not waits]
    return known[0] if known else route.owner(_returned_by(course, route))


def _returned_by(course: Course, route: Route) -> list[str]:
    """Who has sent a case back; an assignment that named nobody went to whose turn it was."""
    returned: list[str] = []
    for named in course.returned_by:
        owner = route.owner(returned)
        returned.append(named or (owner.key if owner else ""))
    return returned


def _order(case: Case, events: Iterable[Event], table: RoutingTable) -> Order:
    course = course_of(events)
    route = table.route(case.place, case.category)
    return Order(case, route.owner(_returned_by(course, route)), course.returns)


def _assigned(registry: Registry, order: Order, table: RoutingTable, now: datetime) -> Order:
    if order.owner is None:
        return order
    facts = {"assigned_to": order.owner.key, "routing": table.version}
    if order.owner.is_territory:
        facts["territory"] = "responsibility is unclear or was refused"
    try:
        registry.decide(
            order.case.case_no,
            Action.ASSIGN,
            actor=ACTOR,
            role=Role.COMMAND,
            expected_version=order.case.version,
            now=now,
            facts=facts,
        )
    except CaseError as error:
        return Order(order.case, order.owner, order.returns, refused=str(error))
    return order
