"""What has nobody who answers for it: the gaps of a routing table over a district."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cases.categories import Category
from cases.model import Place
from dispatch.routing import Owner, RoutingTable
from geo.grid import Cell


class Gap(StrEnum):
    """What is missing."""

    CONTRADICTION = "contradiction"
    """Two routes of the same narrowness name different departments; the territory answers."""
    NO_DEPARTMENT = "no department"
    """No route holds; the territory answers."""
    NOBODY = "nobody"
    """No route holds, and neither town nor district has a post."""
    NO_OFFICER = "no officer"
    """The cell's officer is not, or not clearly, among the people."""
    UNREACHABLE = "unreachable"
    """Whoever answers has no person with a phone or push address."""


@dataclass(frozen=True, slots=True)
class RoutingGap:
    """A gap and where it is.

    Attributes:
        category: empty where it is about all.
        falls_to: who answers for it all the same; empty for nobody.
    """

    gap: Gap
    cell: Cell
    category: str
    falls_to: str = ""


def place_of(cell: Cell) -> Place:
    """What a case in a cell says of its place."""
    return Place(cell.code, cell.name, cell.town, cell.village, cell.officer)


def gaps_of(
    table: RoutingTable, cells: Iterable[Cell], categories: Sequence[Category]
) -> list[RoutingGap]:
    """List every cell and category without an owner, and every cell without an officer."""
    gaps = []
    for cell in cells:
        place = place_of(cell)
        if table.officer(place) is None:
            gaps.append(RoutingGap(Gap.NO_OFFICER, cell, ""))
        for category in categories:
            gaps += _gaps_of(table, cell, place, category.code)
    return gaps


def _gaps_of(table: RoutingTable, cell: Cell, place: Place, category: str) -> list[RoutingGap]:
    rules = table.rules_for(place, category)
    owner = table.route(place, category).owner()
    gaps = []
    if len({rule.responsible for rule in rules}) != 1:
        kind = Gap.CONTRADICTION if rules else Gap.NO_DEPARTMENT
        gaps.append(RoutingGap(kind if owner else Gap.NOBODY, cell, category, _key(owner)))
    if owner is not None and not any(person.phone or person.push for person in owner.people):
        gaps.append(RoutingGap(Gap.UNREACHABLE, cell, category, owner.key))
    return gaps


def _key(owner: Owner | None) -> str:
    return owner.key if owner else ""
