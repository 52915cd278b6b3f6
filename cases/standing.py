"""What does each patrol say of a case now, and what is the case by that?

A patrol says that it saw the case, or that it covered the place and missed it. Filing a patrol
again replaces what it said, so a case is made anew from what all patrols say now; only what a
person has decided on stays as it was decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import shapely
from shapely import Polygon

from cases.categories import Words
from cases.chain import outline_hex, place_facts, utc_text
from cases.lifecycle import Stage
from cases.model import Case, Place

UNDECIDED = frozenset({Stage.REPORTED, Stage.SNOOZED, Stage.WITHDRAWN})
"""Stages in which nobody has judged a case yet, so that patrols may still judge it otherwise."""

_LOOKS = ("score", "polygon", "lon_deg", "lat_deg", "sigma_m", "area_m2", "place")
_JUDGEMENT = (
    "category", "class_name", "urgency", "rule_id", "rule_version", "model_sha256", "why",
    "to_check",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """What a patrol says that it saw; the fields are those of the case that it would make.

    Attributes:
        is_aslant: from the side alone, where a thing looks larger than it is.
    """

    patrol_id: str
    seen_at: datetime
    is_dated: bool
    category: str
    class_name: str
    urgency: int
    score: float
    polygon: Polygon
    lon_deg: float
    lat_deg: float
    sigma_m: float
    area_m2: float
    place: Place
    rule_id: str
    rule_version: str
    model_sha256: str
    why: tuple[Words, ...]
    to_check: bool
    is_aslant: bool = False


_values_of_looks, _values_of_judgement = attrgetter(*_LOOKS), attrgetter(*_JUDGEMENT)


def _looks(of: Case | Sight) -> dict[str, Any]:
    return dict(zip(_LOOKS, _values_of_looks(of), strict=True))


def judgement(of: Case | Sight) -> dict[str, Any]:
    """How something is judged, by the names of the fields of a case."""
    return dict(zip(_JUDGEMENT, _values_of_judgement(of), strict=True))


def judgement_facts(of: Case | Sight) -> dict[str, Any]:
    """The same as JSON."""
    return {**judgement(of), "why": [[words.en, words.zh] for words in of.why]}


def judgement_from_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Read what `judgement_facts` has written."""
    return {**facts, "why": tuple(Words(en, zh) for en, zh in facts["why"])}


@dataclass(frozen=True, slots=True)
class Miss:
    """That a patrol covered the place at a moment and saw nothing of the kind."""

    patrol_id: str
    at: datetime


Statement = Sight | Miss


@dataclass(frozen=True, slots=True)
class Standing:
    """What the patrols say of one case.

    Attributes:
        statements: the newest of each patrol, None where it took its word back; in the order in
            which the patrols first spoke.
        is_assumed: the history does not tell it, because it began with an earlier aerogrid.
        drawn: patrols in whose photos a person drew what is there, which later filings leave.
    """

    statements: Mapping[str, Statement | None] = field(default_factory=dict)
    is_assumed: bool = False
    drawn: frozenset[str] = frozenset()

    def sights(self) -> list[Sight]:
        """List what was seen, in the order in which the patrols first spoke."""
        return [entry for entry in self.statements.values() if isinstance(entry, Sight)]

    def with_word(self, patrol_id: str, statement: Statement | None) -> "Standing":
        """Replace what a patrol says; None takes it back."""
        return replace(self, statements={**self.statements, patrol_id: statement})


def sight_of(case: Case, patrol_id: str, *, is_dated: bool, is_aslant: bool = False) -> Sight:
    """Read off a case what the patrol that makes it has seen."""
    of_case = {**_looks(case), **judgement(case), "is_aslant": is_aslant}
    return Sight(patrol_id=patrol_id, seen_at=case.last_seen, is_dated=is_dated, **of_case)


def assumed(case: Case) -> Standing:
    """Suppose what patrols have said of a case whose history does not tell it.

    All that shows evidence have seen it as it is; the miss that found it gone is nobody's.
    """
    patrols = dict.fromkeys([case.patrol_id, *(entry.patrol_id for entry in case.evidence)])
    seen = sight_of(case, case.last_patrol_id, is_dated=True)
    statements: dict[str, Statement | None] = {
        patrol_id: replace(seen, patrol_id=patrol_id, seen_at=case.first_seen)
        for patrol_id in patrols
    }
    statements[case.last_patrol_id] = seen
    if case.gone_at is not None:
        statements[""] = Miss("", case.gone_at)
    return Standing(statements, is_assumed=True)


def as_said(case: Case, standing: Standing) -> Case:
    """Make a case what the patrols say of it; a case that none has seen keeps its looks.

    The first patrol judges, until a person has decided; the latest sight from above, if there is
    one, gives the looks; gone it is since the first miss after the latest of all.
    """
    sights = standing.sights()
    if not sights:
        return replace(case, gone_at=_gone_at(standing, case.last_seen))
    first, latest = sights[0], _latest(sights)
    patrols = {sight.patrol_id for sight in sights}
    return replace(
        case,
        **(judgement(first) if case.stage in UNDECIDED else {}),
        **_looks(_latest([sight for sight in sights if not sight.is_aslant] or sights)),
        patrol_id=first.patrol_id,
        last_patrol_id=latest.patrol_id,
        first_seen=min(sight.seen_at for sight in sights),
        last_seen=latest.seen_at,
        gone_at=_gone_at(standing, latest.seen_at),
        evidence=tuple(entry for entry in case.evidence if entry.patrol_id in patrols),
    )


def _latest(sights: Iterable[Sight]) -> Sight:
    """The sight of the newest photo; one of an unknown day only where there is no other."""
    first, *others = sights
    latest = first
    for sight in others:
        if sight.is_dated and sight.seen_at >= latest.seen_at:
            latest = sight
    return latest


def _gone_at(standing: Standing, last_seen: datetime) -> datetime | None:
    misses = (entry.at for entry in standing.statements.values() if isinstance(entry, Miss))
    return min((at for at in misses if at > last_seen), default=None)


def told(statement: Statement | None) -> dict[str, Any]:
    """Write a statement into the details of an entry."""
    if statement is None:
        return {"retracted": True}
    if isinstance(statement, Miss):
        return {"missed": utc_text(statement.at)}
    return {"seen": _facts(statement)}


def told_assumed(standing: Standing) -> dict[str, Any]:
    """Write what had to be supposed into the first entry that goes on from it."""
    if not standing.is_assumed:
        return {}
    stood = [[name, told(entry)] for name, entry in standing.statements.items()]
    return {"stood": stood}


def told_whole(standing: Standing) -> dict[str, Any]:
    """Write all that is said into the details of an entry by which a person arranges it anew."""
    said = [[name, told(entry)] for name, entry in standing.statements.items()]
    return {"stood": said, "by_hand": sorted(standing.drawn)}


def heard(standing: Standing, details: Mapping[str, Any]) -> Standing:
    """Add what the details of the next entry of a case say."""
    for patrol_id, entry in details.get("stood", ()):
        standing = standing.with_word(patrol_id, _statement(patrol_id, entry))
    if details.keys() & {"seen", "missed", "retracted"}:
        patrol_id = str(details["patrol"])
        standing = standing.with_word(patrol_id, _statement(patrol_id, details))
        if details.get("drawn"):
            standing = replace(standing, drawn=standing.drawn | {patrol_id})
    if "by_hand" in details:
        standing = replace(standing, drawn=frozenset(details["by_hand"]))
    return standing


def _statement(patrol_id: str, details: Mapping[str, Any]) -> Statement | None:
    if "missed" in details:
        return Miss(patrol_id, datetime.fromisoformat(details["missed"]))
    if "seen" not in details:
        return None
    facts = dict(details["seen"])
    return Sight(
        **{
            **judgement_from_facts(facts),
            "patrol_id": patrol_id,
            "seen_at": datetime.fromisoformat(facts["seen_at"]),
            "polygon": shapely.from_wkb(facts["polygon"]),
            "place": Place(**facts["place"]),
        }
    )


def _facts(sight: Sight) -> dict[str, Any]:
    return {
        **_looks(sight),
        **judgement_facts(sight),
        **({"is_aslant": True} if sight.is_aslant else {}),
        "is_dated": sight.is_dated,
        "seen_at": utc_text(sight.seen_at),
        "polygon": outline_hex(sight.polygon),
        "place": place_facts(sight.place),
    }
