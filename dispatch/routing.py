"""Who answers for what: cell and category to grid officer, village, town and departments.

A route names places (cells by code or its beginning, a village, a town, or all) and a category (by
code, by its family such as `burning.*`, or all). The route with the narrowest place counts, and of
those the one with the narrowest category. Where none holds, responsibility is unclear and falls to
the territory: the town, and the district where a town has nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cases.categories import Words
from cases.model import Place
from dispatch.errors import RoutingError
from dispatch.tables import Checked, parse_table
from geo.grid import repeated_codes

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Level(StrEnum):
    """Levels of the territory, from the ground up."""

    VILLAGE = "village"
    TOWN = "town"
    DISTRICT = "district"


class _Words(Checked):
    en: Name
    zh: Name


class Person(Checked):
    """Somebody who can be told.

    Attributes:
        name: as the grid file names the officer of a cell.
        phone: for text messages and calls.
        push: an apprise URL; `${NAME}` stands for an environment variable, so that no secret is in
            the file.
        cells: codes of cells that the person answers for, where names occur more than once.
    """

    id: Name
    name: Name
    phone: Annotated[str, Field(pattern=r"^\+\d{6,15}$")] | None = None
    push: str | None = None
    cells: frozenset[str] = frozenset()


class Department(Checked):
    """An authority that handles cases of some kinds."""

    code: Name
    name: _Words
    people: tuple[Name, ...] = ()

    @property
    def words(self) -> Words:
        """Its name in both languages."""
        return Words(self.name.en, self.name.zh)


class Post(Checked):
    """Who answers for a village, a town or the district."""

    level: Level
    town: str = ""
    village: str = ""
    people: tuple[Name, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_its_place(self) -> Self:
        wanted = {
            Level.VILLAGE: (True, True),
            Level.TOWN: (True, False),
            Level.DISTRICT: (False, False),
        }
        if wanted[self.level] != (bool(self.town), bool(self.village)):
            raise ValueError(
                "a village post names town and village, a town post its town, a district post none"
            )
        return self


class Rule(Checked):
    """One row of the table: where, what, and who.

    Attributes:
        cells: codes, or beginnings of codes followed by `*`; with town and village empty, all.
    """

    category: Annotated[str, Field(pattern=r"^(\*|[^*]+(\.\*)?)$")]
    responsible: Name
    assisting: tuple[Name, ...] = ()
    cells: tuple[Name, ...] = ()
    town: str = ""
    village: str = ""

    @model_validator(mode="after")
    def _is_about_one_kind_of_place(self) -> Self:
        if self.cells and (self.town or self.village):
            raise ValueError("give either cells, or a town and maybe a village")
        if self.village and not self.town:
            raise ValueError("a village is named with its town, since names occur twice")
        return self

    def narrowness(self, place: Place, category: str) -> tuple[int, int, int] | None:
        """How narrowly it is about a place and category; None where it is not about them."""
        where = self._place_narrowness(place)
        if where is None:
            return None
        if self.category == category:
            return (*where, 2)
        if self.category == "*":
            return (*where, 0)
        family = self.category.removesuffix("*")
        return (*where, 1) if family.endswith(".") and category.startswith(family) else None

    def _place_narrowness(self, place: Place) -> tuple[int, int] | None:
        if self.cells:
            lengths = [len(code) for code in self.cells if _is_code_of(code, place.cell_code)]
            return (4 if place.cell_code in self.cells else 3, max(lengths)) if lengths else None
        if self.village:
            return (2, 0) if (self.town, self.village) == (place.town, place.village) else None
        if self.town:
            return (1, 0) if self.town == place.town else None
        return (0, 0)


class RoutingFile(Checked):
    """The file that a district edits.

    Attributes:
        table: a CSV or GeoPackage beside it that holds more routes.
    """

    version: str = Field(min_length=1)
    people: tuple[Person, ...]
    departments: tuple[Department, ...]
    posts: tuple[Post, ...] = ()
    routes: tuple[Rule, ...] = ()
    table: str | None = None

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        _refuse_repeated("people", (person.id for person in self.people))
        _refuse_repeated("departments", (entry.code for entry in self.departments))
        posts = (" ".join((post.level, post.town, post.village)) for post in self.posts)
        _refuse_repeated("posts", posts)
        ids = {person.id for person in self.people}
        named = [entry.people for entry in self.departments] + [post.people for post in self.posts]
        for people in named:
            unknown = sorted(set(people) - ids)
            if unknown:
                raise ValueError(f"nobody among people has the id {unknown[0]!r}")
        return self


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has to handle a case.

    Attributes:
        key: `department:ecology`, `town:河口镇`, `district`; what the history of a case names.
        is_territory: responsibility is unclear, or every department has sent the case back.
    """

    key: str
    name: Words
    people: tuple[Person, ...]
    is_territory: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers for a case.

    Attributes:
        officer: of the cell; None where the table has nobody of that name.
        assisting: departments that are told, too.
        queue: who is asked to handle it, one after the other as each sends it back.
    """

    place: Place
    category: str
    officer: Person | None
    assisting: tuple[Owner, ...]
    queue: tuple[Owner, ...]

    def owner(self, returned_by: Sequence[str] = ()) -> Owner | None:
        """Who is next, after some have sent it back; the last of the queue keeps it."""
        left = [owner for owner in self.queue if owner.key not in returned_by]
        return left[0] if left else self.queue[-1] if self.queue else None


class RoutingTable:
    """A routing file, laid out so that a case's route is looked up."""

    def __init__(
        self, file: RoutingFile, more_routes: Sequence[Rule] = (), more_from: str = ""
    ) -> None:
        """Index the routes; `more_from` names the file of those that are not in this one.

        Raises:
            RoutingError: a route names a department that the file does not have.
        """
        self.version = file.version
        self.posts = file.posts
        self.people = file.people
        self.routes = (*file.routes, *more_routes)
        names = [f"[[routes]] {number}" for number, _ in enumerate(file.routes, 1)]
        names += [f"{more_from} route {number}" for number, _ in enumerate(more_routes, 1)]
        self._names = {id(rule): name for rule, name in zip(self.routes, names, strict=True)}
        self._people = {person.id: person for person in file.people}
        self._departments = {entry.code: entry for entry in file.departments}
        self._posts = {(post.level, post.town, post.village): post for post in file.posts}
        self._by_place: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self.routes:
            self._refuse_unknown(rule)
            for key in _keys_of_rule(rule):
                self._by_place.setdefault(key, []).append(rule)
        self._by_name: dict[str, list[Person]] = {}
        self._by_cell: dict[str, list[Person]] = {}
        for person in file.people:
            self._by_name.setdefault(person.name, []).append(person)
            for code in person.cells:
                self._by_cell.setdefault(code, []).append(person)

    def name_of(self, rule: Rule) -> str:
        """Say which row of which file a route of this table is."""
        return self._names[id(rule)]

    def person(self, person_id: str) -> Person | None:
        """Look somebody up by id."""
        return self._people.get(person_id)

    def post(self, level: Level, place: Place) -> Owner | None:
        """Who answers for the village, the town or the district of a place."""
        town = "" if level is Level.DISTRICT else place.town
        village = place.village if level is Level.VILLAGE else ""
        post = self._posts.get((level, town, village))
        if post is None:
            return None
        key = ":".join(part for part in (level.value, town, village) if part)
        name = " ".join(part for part in (town, village) if part)
        words = Words(name or "district", name or "区")
        return Owner(key, words, self._named(post.people), is_territory=True)

    def officer(self, place: Place) -> Person | None:
        """Who answers for a cell: whoever claims its code, else the only one of the name."""
        claiming = self._by_cell.get(place.cell_code, [])
        of_name = self._by_name.get(place.officer, []) if place.officer else []
        known = claiming or of_name
        return known[0] if len(known) == 1 else None

    def rules_for(self, place: Place, category: str) -> tuple[Rule, ...]:
        """List the narrowest routes about a place and category; more than one contradict."""
        found: dict[int, tuple[tuple[int, int, int], Rule]] = {}
        for key in _keys_of_place(place):
            for rule in self._by_place.get(key, ()):
                narrow = rule.narrowness(place, category)
                if narrow is not None:
                    found[id(rule)] = (narrow, rule)
        best = max((narrow for narrow, _ in found.values()), default=None)
        return tuple(rule for narrow, rule in found.values() if narrow == best)

    def route(self, place: Place, category: str) -> Route:
        """Tell who answers for a case of a category at a place.

        Where no route holds, or two of the same narrowness name different departments, the
        territory does.
        """
        rules = self.rules_for(place, category)
        territory = [self.post(Level.TOWN, place), self.post(Level.DISTRICT, place)]
        queue = [owner for owner in territory if owner is not None]
        assisting: tuple[Owner, ...] = ()
        if len({rule.responsible for rule in rules}) == 1:
            assisting = tuple(self._department(code) for code in rules[0].assisting)
            queue = [self._department(rules[0].responsible), *assisting, *queue]
        return Route(place, category, self.officer(place), assisting, tuple(queue))

    def _department(self, code: str) -> Owner:
        entry = self._departments[code]
        return Owner(f"department:{code}", entry.words, self._named(entry.people))

    def _named(self, ids: Iterable[str]) -> tuple[Person, ...]:
        return tuple(self._people[person_id] for person_id in ids)

    def _refuse_unknown(self, rule: Rule) -> None:
        for code in (rule.responsible, *rule.assisting):
            if code not in self._departments:
                raise RoutingError(
                    f"{self.name_of(rule)} ({rule.category!r}) names the department {code!r}; "
                    f"the file has {', '.join(self._departments) or 'none'}"
                )


def parse_routing(text: str, source: str) -> RoutingFile:
    """Read a routing file; `source` names it in messages.

    Raises:
        RoutingError: it breaks its schema.
    """
    return parse_table(RoutingFile, text, source, RoutingError)


def split_codes(text: str) -> tuple[str, ...]:
    """Split a table's list: `ecology; agriculture`."""
    return tuple(part.strip() for part in text.replace("；", ";").split(";") if part.strip())


def rule_of_row(row: Mapping[str, str], cells: tuple[str, ...] = ()) -> Rule:
    """Make a route of a row of a table with the columns of `Rule`; `cells` are those of its area.

    Raises:
        pydantic.ValidationError: the row is no route.
    """
    return Rule(
        category=row.get("category", "").strip(),
        responsible=row.get("responsible", "").strip(),
        assisting=split_codes(row.get("assisting", "")),
        cells=cells or split_codes(row.get("cells", "")),
        town=row.get("town", "").strip(),
        village=row.get("village", "").strip(),
    )


def _is_code_of(pattern: str, code: str) -> bool:
    if pattern.endswith("*"):
        return bool(code) and code.startswith(pattern[:-1])
    return pattern == code


def _keys_of_rule(rule: Rule) -> list[tuple[str, ...]]:
    """Under what a route is found, so that a look-up needs no walk through all of them."""
    if rule.cells:
        return [("prefix",) if code.endswith("*") else ("cell", code) for code in rule.cells]
    return [("town", rule.town)] if rule.town else [()]


def _keys_of_place(place: Place) -> list[tuple[str, ...]]:
    return [("cell", place.cell_code), ("prefix",), ("town", place.town), ()]


def _refuse_repeated(what: str, names: Iterable[str]) -> None:
    repeated = repeated_codes(names)
    if repeated:
        raise ValueError(f"{what} occur more than once: {', '.join(repeated)}")
