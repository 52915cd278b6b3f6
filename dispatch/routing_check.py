"""What has nobody who answers for it: the gaps of a routing table over a district."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cases.categories import Category
from cases.model import Place
from dispatch.errors import RoutingError
from dispatch.naming import near_words, refuse_unknown_category
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
        rows: of the table, that contradict each other.
    """

    gap: Gap
    cell: Cell
    category: str
    falls_to: str = ""
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stray:
    """A row of the table that names what the grid does not have.

    Attributes:
        row: which one it is, such as `[[routes]] 3`.
        named: the cell code, town or village, with what it is and what is near.
    """

    row: str
    named: str


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
        rows = tuple(table.name_of(rule) for rule in rules)
        gaps.append(RoutingGap(kind if owner else Gap.NOBODY, cell, category, _key(owner), rows))
    if owner is not None and not any(person.phone or person.push for person in owner.people):
        gaps.append(RoutingGap(Gap.UNREACHABLE, cell, category, owner.key))
    return gaps


def refuse_unknown_categories(
    table: RoutingTable, categories: Sequence[Category], source: str
) -> None:
    """Refuse a table with a route of a category that there is none of.

    Raises:
        RoutingError: names the row and what is near.
    """
    for rule in table.routes:
        where = f"{source}: {table.name_of(rule)}"
        refuse_unknown_category(rule.category, categories, where, RoutingError)


def strays_of(table: RoutingTable, cells: Sequence[Cell]) -> list[Stray]:
    """List the rows that name a cell, town or village that the grid does not have."""
    grid = _Names(cells)
    strays = [
        Stray(table.name_of(rule), named)
        for rule in table.routes
        for named in (*grid.without_codes(rule.cells), *grid.without(rule.town, rule.village))
    ]
    for number, post in enumerate(table.posts, 1):
        strays += [
            Stray(f"[[posts]] {number}", named) for named in grid.without(post.town, post.village)
        ]
    for person in table.people:
        named_cells = grid.without_codes(sorted(person.cells))
        strays += [Stray(f"[[people]] {person.id}", named) for named in named_cells]
    return strays


class _Names:
    """The names that a grid has."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._codes = {cell.code for cell in cells}
        self._villages: dict[str, set[str]] = {}
        for cell in cells:
            self._villages.setdefault(cell.town, set()).add(cell.village)

    def without_codes(self, named: Iterable[str]) -> list[str]:
        """Say which codes, or beginnings of codes, no cell has."""
        return [f"cell {code}" for code in named if not self._has(code)]

    def _has(self, code: str) -> bool:
        if not code.endswith("*"):
            return code in self._codes
        return any(known.startswith(code[:-1]) for known in self._codes)

    def without(self, town: str, village: str) -> list[str]:
        """Say which of a town and its village no cell has; empty names none."""
        if town and town not in self._villages:
            return [f"town {town}{near_words(town, self._villages)}"]
        villages = self._villages.get(town, set())
        if village and village not in villages:
            return [f"village {village} of {town}{near_words(village, villages)}"]
        return []


def _key(owner: Owner | None) -> str:
    return owner.key if owner else ""
