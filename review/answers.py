"""The JSON of the API, one value a kind of answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Ring = list[tuple[float, float]]
Geometry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Label:
    """A text in both languages of the page."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class of object and how it is drawn."""

    name: str
    label: Label
    colour: str


@dataclass(frozen=True, slots=True)
class CategoryInfo:
    """A category of case."""

    code: str
    name: Label
    department: Label
    established_when: Label
    closed_when: Label
    time_limit: Label
    urgency: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that the other answers use.

    Attributes:
        utc_offset_hours: of the district's clocks; times in the answers say their own zone.
        has_cells: whether the district's grid cells were given.
    """

    version: str
    classes: list[ClassInfo]
    categories: list[CategoryInfo]
    stages: list[str]
    reasons: list[str]
    zones: list[str]
    utc_offset_hours: float
    has_cells: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """A case as the queue shows it; urgency 1 is the most urgent.

    Attributes:
        score: how sure the model was, 0 to 1; null where a person drew the object.
    """

    no: str
    version: int
    category: str
    class_name: str
    stage: str
    urgency: int
    score: float | None
    to_check: bool
    cell_code: str
    cell_name: str
    town: str
    village: str
    lon_deg: float
    lat_deg: float
    area_m2: float
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None
    photo_count: int


@dataclass(frozen=True, slots=True)
class PhotoOutline:
    """One object in a photo: outer ring, then holes, (x, y) pixels of the full picture."""

    class_name: str
    rings: list[Ring]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePhoto:
    """A photo of a case; `changed` when the file is not the one that was judged."""

    photo_id: str
    patrol_id: str
    sha256: str
    state: Literal["ok", "missing", "changed"]
    width_px: int | None
    height_px: int | None
    taken_at: datetime | None
    gsd_m: float | None
    pose_source: str | None
    outlines: list[PhotoOutline]
    footprint: Geometry | None


@dataclass(frozen=True, slots=True)
class EarlierPhoto:
    """A photo of an earlier patrol that shows the ground of a case's photo."""

    photo_id: str
    patrol_id: str
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who works on a case, and until when."""

    no: str
    who: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase(CaseItem):
    """A case of a list of what is to be done.

    Attributes:
        due_at: until when it has to be handled; null where no time limit runs.
        claim: of who works on it now.
        unsure: who left it to others, while it waits.
        sent_back: why it has to be done anew, while that is being done; else empty.
    """

    due_at: datetime | None
    is_overdue: bool
    claim: Claim | None
    unsure: list[str]
    sent_back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail(ListedCase):
    """Everything about a case but its history."""

    officer: str
    sigma_m: float
    outline: Geometry
    doubt: Geometry
    rule_id: str
    rule_version: str
    why: list[Label]
    model_sha256: str
    patrol_id: str
    last_patrol_id: str
    photos: list[CasePhoto]
    allowed: list[str]


@dataclass(frozen=True, slots=True)
class CasePage:
    """A part of the queue; `next` is the `after` of the part that follows."""

    items: list[ListedCase]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class InspectorFigures:
    """What stands of somebody's decisions; `rejected` by reason.

    Attributes:
        looked_again: decisions that somebody else judged once more, of which `agreed` alike.
        controls: cases with a known answer that they judged, of which `right` as known.
    """

    who: str
    confirmed: int
    rejected: dict[str, int]
    overturned: int
    looked_again: int
    agreed: int
    controls: int
    right: int


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What stands of the decisions on a model's finds of a class.

    Attributes:
        precision_share: confirmed among confirmed and false alarms (`not_object`, `harmless`).
    """

    model_sha256: str
    class_name: str
    confirmed: int
    rejected: dict[str, int]
    precision_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two inspectors judged a case in different ways."""

    no: str
    first_by: str
    first: str
    second_by: str
    second: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Precision:
    """How right inspectors and models were, by the decisions that stand.

    Attributes:
        disagreements: of second looks, newest first; for command only.
        pending_looks: second looks that wait for somebody.
    """

    inspectors: list[InspectorFigures]
    models: list[ModelFigures]
    disagreements: list[Disagreement]
    pending_looks: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A case that was not decided with the others, why in one word, and in full."""

    no: str
    why: Literal["unknown", "held", "changed", "not_allowed", "no_reason"]
    detail: str


@dataclass(frozen=True, slots=True)
class DecidedTogether:
    """What became of cases that were decided together."""

    decided: list[CaseItem]
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class NearCases:
    """Cases that could be one with another, the nearest first."""

    items: list[CaseItem]


@dataclass(frozen=True, slots=True)
class Merged:
    """A case with all that was seen of another, and that other as it was left."""

    case: CaseDetail
    other: CaseItem


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One entry of a case's history.

    Attributes:
        from_class: what the case was until a person changed its class; null for other entries.
        photo_taken_at: by the clock of the phone that took a photo from the place, as its tags say.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    from_stage: str | None
    to_stage: str | None
    from_class: str | None
    to_class: str | None
    reason: str
    patrol_id: str | None
    photo_sha256: str | None
    photo_taken_at: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class History:
    """What happened to a case, oldest first."""

    items: list[HistoryEvent]


@dataclass(frozen=True, slots=True)
class Count:
    """How many cases share a stage and a category."""

    stage: str
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How many cases there are; `urgent` counts those to review at once."""

    total: int
    to_review: int
    urgent: int
    counts: list[Count]


@dataclass(frozen=True, slots=True)
class Health:
    """That the server answers and its registry can be read; figures for those who signed in."""

    status: Literal["ok"]
    cases: int | None
    photos: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in; town and village are empty for the whole district."""

    name: str
    display_name: str
    roles: list[str]
    town: str
    village: str


@dataclass(frozen=True, slots=True)
class Session:
    """Whether people sign in here, who has, and whether they may by an OpenID provider."""

    asks_who: bool
    person: Person | None
    single_sign_on: bool
