"""What becomes of a case that shows something else than the model said?

A person changes the class, not what the model had found: model, score and the sentence by which it
was filed stay, and the case is judged by the rules as what it shows. The way back to what the model
said is kept in the history, so that it leads there exactly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cases import wording
from cases.categories import Words
from cases.errors import DrawingError
from cases.model import Case, Event, Evidence, Proposal
from cases.standing import Sight, Standing, as_said, judgement, judgement_facts, told_whole
from cases.standing import judgement_from_facts as from_facts
from cases.updating import changes

RECLASSIFY = "reclassify"
_ARRANGES_ANEW = frozenset({"merge", "unmerge", "split"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a case was before a person changed its class, as the history tells it.

    Attributes:
        judgement: category, class, rule, model, words and so on of the case.
        said: the same of what each patrol saw.
        classes: of the outlines of each patrol, in their order.
        drawn: patrols in whose photos a person had drawn; None where that has changed since.
    """

    judgement: Mapping[str, Any]
    said: Mapping[str, Mapping[str, Any]]
    classes: Mapping[str, list[str]]
    drawn: frozenset[str] | None

    @property
    def class_name(self) -> str:
        """What the model, or who drew it, called it."""
        return str(self.judgement["class_name"])


def found_class(class_name: str, changed: Iterable[tuple[str, str]]) -> str:
    """The class under which a case was filed, by the changes (from, to) that persons made to it.

    >>> found_class("smoke", [("building", "flame"), ("flame", "smoke")])
    'building'
    """
    origin = ""
    for before, after in changed:
        origin = origin or before
        origin = "" if after == origin else origin
    return origin or class_name


def found(events: Iterable[Event]) -> Found | None:
    """What the case was when its class was not changed yet; None where it is so, or not told."""
    origin: Found | None = None
    for event in events:
        details = event.details
        if event.action == RECLASSIFY and "was" in details:
            origin = origin or _found(details["was"])
            origin = None if details["class"][1] == origin.class_name else origin
        elif origin and event.action in _ARRANGES_ANEW:
            origin = replace(origin, drawn=None)
        elif origin and origin.drawn is not None and details.get("drawn"):
            origin = replace(origin, drawn=origin.drawn | {str(details["patrol"])})
    return origin


def reclassified(
    case: Case, standing: Standing, judged: Proposal, *, who: str, was: Found | None = None
) -> tuple[Case, dict[str, Any]]:
    """The case as one of another class, and what the history tells of it.

    Its outlines of the old class show the new one from then on; rule and category are those of the
    new class, and its words say who changed it and what had been found. What the patrols in
    question saw stays so, however often they are filed again. A case that gets back the class under
    which it was filed (`was`) is again what it was.

    Raises:
        DrawingError: it is of that class already.
    """
    if judged.class_name == case.class_name:
        raise DrawingError(f"case {case.case_no} is of class {case.class_name!r} already")
    if was and was.class_name == judged.class_name:
        after, ours = _taken_back(case, standing, was)
    else:
        after, ours = _changed(case, standing, _as_judged(case, judged, who, was))
    told = {"class": [case.class_name, after.class_name], "was": _told(case, standing)}
    return after, {**told, **told_whole(ours), "changes": changes(case, after)}


def _changed(case: Case, standing: Standing, of: Mapping[str, Any]) -> tuple[Case, Standing]:
    said = {
        patrol_id: replace(entry, **{**of, "model_sha256": entry.model_sha256})
        if isinstance(entry, Sight)
        else entry
        for patrol_id, entry in standing.statements.items()
    }
    patrols = {entry.patrol_id for entry in case.evidence}
    ours = Standing(said, drawn=standing.drawn | patrols)
    evidence = tuple(
        _as_class(entry, of["class_name"] if entry.class_name == case.class_name else None)
        for entry in case.evidence
    )
    return replace(as_said(replace(case, evidence=evidence), ours), **of), ours


def _taken_back(case: Case, standing: Standing, was: Found) -> tuple[Case, Standing]:
    said = {
        patrol_id: replace(entry, **was.said.get(patrol_id, was.judgement))
        if isinstance(entry, Sight)
        else entry
        for patrol_id, entry in standing.statements.items()
    }
    drawn = standing.drawn if was.drawn is None else was.drawn
    ours = replace(standing, statements=said, drawn=drawn)
    evidence = _as_found(case, was)
    return replace(as_said(replace(case, evidence=evidence), ours), **was.judgement), ours


def _as_found(case: Case, was: Found) -> tuple[Evidence, ...]:
    """The outlines with their classes of before; what came later is taken for that class."""
    left = {patrol_id: list(classes) for patrol_id, classes in was.classes.items()}
    evidence = []
    for entry in case.evidence:
        classes = left.get(entry.patrol_id)
        same = was.class_name if entry.class_name == case.class_name else None
        evidence.append(_as_class(entry, classes.pop(0) if classes else same))
    return tuple(evidence)


def _as_class(entry: Evidence, class_name: str | None) -> Evidence:
    return replace(entry, version=0, class_name=class_name or entry.class_name)


def _as_judged(case: Case, judged: Proposal, who: str, was: Found | None) -> dict[str, Any]:
    """How the case is judged as what a person says it is; model and score stay as found."""
    of = was.judgement if was else judgement(case)
    why: tuple[Words, ...] = of["why"]
    sentence = wording.reclassed(
        who, of["class_name"], judged.class_name, why[0] if why else None, of["rule_id"]
    )
    return {
        "category": judged.category.code,
        "class_name": judged.class_name,
        "urgency": judged.category.urgency,
        "rule_id": judged.rule_id,
        "rule_version": judged.rule_version,
        "model_sha256": case.model_sha256,
        "why": (sentence, *judged.why[1:]),
        "to_check": judged.to_check,
    }


def _told(case: Case, standing: Standing) -> dict[str, Any]:
    classes: dict[str, list[str]] = {}
    for entry in case.evidence:
        classes.setdefault(entry.patrol_id, []).append(entry.class_name)
    said = {
        patrol_id: judgement_facts(entry)
        for patrol_id, entry in standing.statements.items()
        if isinstance(entry, Sight)
    }
    drawn = sorted(standing.drawn)
    return {"case": judgement_facts(case), "said": said, "classes": classes, "by_hand": drawn}


def _found(told: Mapping[str, Any]) -> Found:
    said = {patrol_id: from_facts(facts) for patrol_id, facts in told["said"].items()}
    drawn = frozenset(told["by_hand"])
    return Found(from_facts(told["case"]), said, told["classes"], drawn)
