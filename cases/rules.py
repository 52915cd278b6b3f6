"""What the district's rules say: rule and category tables, checked by schema."""

import hashlib
import tomllib
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cases.categories import Category, TimeLimit, TimeUnit, Words
from cases.errors import RuleError
from vision.classes import CLASS_NAMES

Otherwise = TypeVar("Otherwise")


def _day_of_a_year(month_day: str) -> str:
    """Refuse a day that no year has, such as 02-30; 29 February is one of leap years."""
    month, day = (int(part) for part in month_day.split("-"))
    last = monthrange(2000, month)[1]
    if day > last:
        raise ValueError(f"month {month:02d} has {last} days")
    return month_day


def _class_of_the_model(class_name: str) -> str:
    """Refuse a class that nothing is ever seen as: its rule would never make a case."""
    if class_name not in CLASS_NAMES:
        raise ValueError(f"no such class; the classes are {', '.join(CLASS_NAMES)}")
    return class_name


MonthDay = Annotated[
    str,
    Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"),
    AfterValidator(_day_of_a_year),
]
HourMinute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
LonDeg = Annotated[float, Field(ge=-180, le=180)]
LatDeg = Annotated[float, Field(ge=-90, le=90)]
Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(ge=0, le=1000)]


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Season(_Checked):
    """Days of the year, both ends included; `first` after `last` runs over the new year."""

    first: MonthDay = Field(alias="from")
    last: MonthDay = Field(alias="to")

    def holds(self, day: date) -> bool:
        """Whether a day is in the season."""
        month_day = f"{day:%m-%d}"
        if self.first <= self.last:
            return self.first <= month_day <= self.last
        return month_day >= self.first or month_day <= self.last


class Hours(_Checked):
    """Time of day on the district's clocks; `first` after `last` runs over midnight."""

    first: HourMinute = Field(alias="from")
    last: HourMinute = Field(alias="to")

    def holds(self, at: time) -> bool:
        """Whether a time is in the hours, both ends included."""
        hour_minute = f"{at:%H:%M}"
        if self.first <= self.last:
            return self.first <= hour_minute <= self.last
        return hour_minute >= self.first or hour_minute <= self.last


class Snooze(_Checked):
    """A place where rules make no case in a period, by the time when a thing was seen."""

    id: str = Field(min_length=1)
    why: str = Field(min_length=1)
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    rules: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    at: tuple[LonDeg, LatDeg] | None = None
    radius_m: Metres = 0.0

    def holds(self, rule_id: str, day: date) -> bool:
        """Whether it is about a rule, all if none is named, and a day, both ends included."""
        return self.first <= day <= self.last and (not self.rules or rule_id in self.rules)

    @model_validator(mode="after")
    def _is_somewhere_sometime(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"snooze {self.id}: it ends on {self.last}, before {self.first}")
        if bool(self.cells) == (self.at is not None):
            raise ValueError(f"snooze {self.id}: give either cells, or at with radius_m")
        return self


class Inside(_Checked):
    """At least this share must lie in the layer grown by the tolerance."""

    layer: str
    min_share: Share
    tolerance_m: Metres = 0.0


class Outside(_Checked):
    """At most this share may lie in the layer grown by the tolerance; 0 forbids any touch."""

    layer: str
    max_share: Share
    tolerance_m: Metres = 0.0


class Rule(_Checked):
    """When an observation of a class becomes a case of a category."""

    id: str = Field(min_length=1)
    class_name: Annotated[str, AfterValidator(_class_of_the_model)] = Field(alias="class")
    category: str
    min_score: Share = 0.5
    min_area_m2: Annotated[float, Field(ge=0)] = 0.0
    min_photos: Annotated[int, Field(ge=1)] = 1
    in_grid: bool = True
    season: str | None = None
    hours: Hours | None = None
    cool_down_hours: Annotated[float, Field(ge=0, le=8784)] = 0.0
    """For so long after a case that has ended was last seen, its kind makes no new one there."""
    inside: tuple[Inside, ...] = ()
    outside: tuple[Outside, ...] = ()


class Rulebook(_Checked):
    """All rules and categories of a district, with the version that each case will name."""

    version: str = Field(min_length=1)
    digest: str
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 8.0
    unknown_zone: Literal["file", "skip"] = "file"
    flame_gap_m: Metres = 15.0
    fire_radius_m: Metres = 25.0
    scar_radius_m: Metres = 6.0
    overlap_share: Share = 0.3
    seasons: dict[str, Season] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)
    snoozes: tuple[Snooze, ...] = ()
    categories: tuple[Category, ...]

    @property
    def version_label(self) -> str:
        """The version with the start of the content's hash: 2026.1+1a2b3c4d."""
        return f"{self.version}+{self.digest[:8]}"

    @property
    def layers(self) -> frozenset[str]:
        """Names of the zone layers that the rules ask for."""
        asked = [{zone.layer for zone in rule.inside} for rule in self.rules]
        forbidden = [{zone.layer for zone in rule.outside} for rule in self.rules]
        return frozenset[str]().union(*asked, *forbidden)

    def rules_for(self, class_name: str) -> tuple[Rule, ...]:
        """List the rules about a class in the order of the file."""
        return tuple(rule for rule in self.rules if rule.class_name == class_name)

    def category(self, code: str) -> Category:
        """Look a category up by its code."""
        return find_category(self.categories, code)

    def kind_of_class(self, class_name: str) -> str:
        """Kind of object that a class shows, empty for a class without a rule."""
        rules = self.rules_for(class_name)
        return self.category(rules[0].category).kind if rules else ""

    def local_day(self, seen_at: datetime | None, otherwise: Otherwise) -> date | Otherwise:
        """Calendar day in the district on which something was seen."""
        return otherwise if seen_at is None else self._local(seen_at).date()

    def local_time(self, seen_at: datetime) -> time:
        """Time of day in the district at which something was seen."""
        return self._local(seen_at).time()

    def _local(self, seen_at: datetime) -> datetime:
        utc = seen_at - (seen_at.utcoffset() or timedelta(0))
        return utc + timedelta(hours=self.utc_offset_hours)

    def without_grid(self) -> Self:
        """Take the same rules for a place whose grid cells nobody gave."""
        rules = tuple(rule.model_copy(update={"in_grid": False}) for rule in self.rules)
        return self.model_copy(update={"rules": rules})

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        ids = [rule.id for rule in self.rules]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"rule ids occur more than once: {', '.join(repeated)}")
        for snooze in self.snoozes:
            unknown = sorted(set(snooze.rules).difference(ids))
            if unknown:
                raise ValueError(
                    f"snooze {snooze.id}: no rule has the id {unknown[0]!r}; the file has "
                    f"{', '.join(ids)}"
                )
        codes = {category.code for category in self.categories}
        for rule in self.rules:
            if rule.category not in codes:
                raise ValueError(
                    f"rule {rule.id}: category {rule.category!r} is not in the categories table, "
                    f"which has {', '.join(sorted(codes))}"
                )
            if rule.season is not None and rule.season not in self.seasons:
                raise ValueError(
                    f"rule {rule.id}: season {rule.season!r} is not defined; "
                    f"defined are {', '.join(sorted(self.seasons)) or 'none'}"
                )
        return self


class _WordsEntry(_Checked):
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def value(self) -> Words:
        return Words(self.en, self.zh)


class _LimitEntry(_Checked):
    within: Annotated[int, Field(ge=1, le=100_000)]
    unit: TimeUnit

    def value(self) -> TimeLimit:
        return TimeLimit(self.within, self.unit)


class _CategoryEntry(_Checked):
    code: str = Field(min_length=1, max_length=64)
    name: _WordsEntry
    department: _WordsEntry
    urgency: Annotated[int, Field(ge=1, le=9)]
    established_when: _WordsEntry
    closed_when: _WordsEntry
    limit: _LimitEntry
    kind: str = Field(min_length=1)
    match_m: Annotated[float, Field(gt=0, le=1000)]
    same_within_days: Annotated[int, Field(ge=0)] | None = None
    same_while_open: bool = False

    @model_validator(mode="after")
    def _open_cases_lift_a_limit(self) -> Self:
        if self.same_while_open and self.same_within_days is None:
            raise ValueError(
                f"category {self.code}: same_while_open lifts same_within_days while a case is "
                "open, and none is given: give the days, or leave same_while_open out"
            )
        return self

    def value(self) -> Category:
        return Category(
            code=self.code,
            name=self.name.value(),
            department=self.department.value(),
            urgency=self.urgency,
            established_when=self.established_when.value(),
            closed_when=self.closed_when.value(),
            limit=self.limit.value(),
            kind=self.kind,
            match_m=self.match_m,
            same_within_days=self.same_within_days,
            same_while_open=self.same_while_open,
        )


class _CategoryFile(_Checked):
    version: str
    categories: tuple[_CategoryEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Self:
        codes = [entry.code for entry in self.categories]
        repeated = sorted({code for code in codes if codes.count(code) > 1})
        if repeated:
            raise ValueError(f"category codes occur more than once: {', '.join(repeated)}")
        return self


def find_category(categories: tuple[Category, ...], code: str) -> Category:
    """Look a category up by its code; RuleError where the table does not have it."""
    for category in categories:
        if category.code == code:
            return category
    known = ", ".join(category.code for category in categories)
    raise RuleError(f"no category has the code {code!r}; the table has {known}")


def parse_categories(text: str, source: str) -> tuple[Category, ...]:
    """Read a categories table; `source` names the file in messages."""
    table = _parse_toml(text, source)
    try:
        return tuple(entry.value() for entry in _CategoryFile.model_validate(table).categories)
    except ValidationError as error:
        raise RuleError(_explain(error, source)) from error


def parse_rulebook(
    text: str, source: str, categories: tuple[Category, ...], categories_text: str = ""
) -> Rulebook:
    """Read rules against a categories table; both texts make the version's hash."""
    table = _parse_toml(text, source)
    digest = hashlib.sha256(f"{text}\0{categories_text}".encode()).hexdigest()
    try:
        return Rulebook.model_validate({**table, "digest": digest, "categories": categories})
    except ValidationError as error:
        raise RuleError(_explain(error, source)) from error


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{source} is not TOML: {error}. Correct the line.") from error


_SECTIONS: dict[object, type[BaseModel]] = {
    "rules": Rule,
    "snoozes": Snooze,
    "seasons": Season,
    "categories": _CategoryEntry,
}


def _explain(error: ValidationError, source: str) -> str:
    """Name file, field, value and what is allowed, one line a problem."""
    lines = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "file"
        value = problem["input"]
        shown = "" if isinstance(value, dict) else f" (got {value!r})"
        message = problem["msg"].removeprefix("Value error, ")
        section = _SECTIONS.get(problem["loc"][0]) if len(problem["loc"]) == 3 else None
        if section is not None and problem["type"] == "extra_forbidden":
            names = (told.alias or name for name, told in section.model_fields.items())
            message = f"no such name; there are {', '.join(names)}"
        lines.append(f"{source}: {field}: {message}{shown}")
    return "\n".join(lines)
