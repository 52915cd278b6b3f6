"""What becomes of a case that shows something else than the model said?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cases.drawing import DRAWN
from cases.errors import DrawingError
from cases.model import Case, Proposal
from cases.standing import Sight, Standing, as_said, told_whole
from cases.updating import changes

RECLASSIFY = "reclassify"


def reclassified(case: Case, standing: Standing, judged: Proposal) -> tuple[Case, dict[str, Any]]:
    """The case as one of another class, and what the history tells of it.

    Its outlines of the old class show the new one from then on; rule, category and words are those
    of the new class. What the patrols in question saw stays so, however often they are filed again.

    Raises:
        DrawingError: it is of that class already.
    """
    if judged.class_name == case.class_name:
        raise DrawingError(f"case {case.case_no} is of class {case.class_name!r} already")
    judgement = _judgement(judged)
    said = {
        patrol_id: replace(entry, **judgement) if isinstance(entry, Sight) else entry
        for patrol_id, entry in standing.statements.items()
    }
    patrols = {entry.patrol_id for entry in case.evidence}
    ours = Standing(said, drawn=standing.drawn | patrols)
    evidence = tuple(
        replace(entry, version=0, class_name=_class_of(entry.class_name, case, judged))
        for entry in case.evidence
    )
    after = replace(as_said(replace(case, evidence=evidence), ours), **judgement)
    told = {"class": [case.class_name, after.class_name], **told_whole(ours)}
    return after, {**told, "changes": changes(case, after)}


def _class_of(class_name: str, case: Case, judged: Proposal) -> str:
    return judged.class_name if class_name == case.class_name else class_name


def _judgement(judged: Proposal) -> Mapping[str, Any]:
    """What a person says in the place of a model."""
    return {
        "category": judged.category.code,
        "class_name": judged.class_name,
        "urgency": judged.category.urgency,
        "rule_id": judged.rule_id,
        "rule_version": judged.rule_version,
        "model_sha256": DRAWN,
        "why": judged.why,
        "to_check": judged.to_check,
    }
