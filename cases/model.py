"""What a case is, what it rests on, and what happened to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from shapely import Polygon

from cases.categories import Category, Words
from cases.lifecycle import Stage
from geo.pose import Pose


@dataclass(frozen=True, slots=True)
class Place:
    """Who answers for a place: its grid cell by code and names, empty where unknown."""

    cell_code: str = ""
    cell_name: str = ""
    town: str = ""
    village: str = ""
    officer: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """One object's outline in one photo, in (x, y) pixels of the full picture."""

    photo_id: str
    class_name: str
    polygon_px: Polygon


@dataclass(frozen=True, slots=True)
class Evidence:
    """An outline in a photo whose content is pinned by its hash.

    Attributes:
        patrol_id: whose photo it is; `photo_id` is unique within a patrol.
        photo_sha256: of the photo file's bytes, hexadecimal.
        pose: from where the photo was taken, as known when it was filed; None where unknown.
        version: of the case that the outline came with; 0 before it is recorded.
    """

    patrol_id: str
    photo_id: str
    photo_sha256: str
    class_name: str
    polygon_px: Polygon
    pose: Pose | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Observations of one object that a rule makes into a case.

    Attributes:
        proposal_id: stable for the same observations.
        class_name: of the observation that decided: the flame of a fire with smoke.
        polygon: where it is, lon/lat degrees.
        sigma_m: one standard deviation of the position along the worst direction.
        rule_version: of the rule file, with the start of its hash.
        why: what the rule found, one sentence each.
        to_check: a zone or the day that the rule needs is unknown, so a person has to look.
        observation_ids: the deciding observation first.
        is_aslant: seen from the side alone, where a thing looks larger than it is.
    """

    proposal_id: str
    category: Category
    class_name: str
    score: float
    polygon: Polygon
    sigma_m: float
    area_m2: float
    place: Place
    rule_id: str
    rule_version: str
    why: tuple[Words, ...]
    to_check: bool
    observation_ids: tuple[str, ...]
    outlines: tuple[Outline, ...]
    seen_at: datetime | None
    is_aslant: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """An observation that no rule made into a case, and why not.

    Attributes:
        kind: of the category the class could have led to, empty where no rule knows the class.
    """

    observation_id: str
    class_name: str
    kind: str
    score: float
    polygon: Polygon
    why: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules made of the observations of one patrol, in a fixed order."""

    proposals: tuple[Proposal, ...]
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Flown:
    """What a patrol flew.

    Attributes:
        covered_m2: ground that its usable photos show clearly, what several show counted once.
        flown_s: seconds in which it took photos; a longer pause between two ends a flight.
        photos: that were searched.
    """

    covered_m2: float
    flown_s: float
    photos: int

    def __add__(self, other: "Flown") -> "Flown":
        """Both together."""
        return Flown(
            self.covered_m2 + other.covered_m2,
            self.flown_s + other.flown_s,
            self.photos + other.photos,
        )


@dataclass(frozen=True, slots=True)
class PatrolRecord:
    """The patrol whose findings are filed.

    Attributes:
        patrol_id: names the patrol for ever; filing it again replaces what it said.
        flown_at: UTC time of its last photo; its date leads the numbers of its new cases.
        model_sha256: digest of the model package that saw the objects, weights and manifest values.
        photo_sha256: hash of every searched photo by photo id.
        poses: from where each photo was taken by photo id, without the photos that do not know.
        is_dated: whether `flown_at` is the photos' own; if not, it is when they were filed, the
            patrol tells nothing about what is gone and is never the latest sight of a known case.
        flown: how long and over how much ground; None where that is not known.
    """

    patrol_id: str
    flown_at: datetime
    model_sha256: str
    photo_sha256: Mapping[str, str]
    poses: Mapping[str, Pose] = field(default_factory=dict)
    is_dated: bool = True
    flown: Flown | None = None

    def __post_init__(self) -> None:
        """Refuse a patrol without a name or with a local time."""
        if not self.patrol_id:
            raise ValueError("patrol_id must not be empty")
        if self.flown_at.utcoffset() is None:
            raise ValueError(f"flown_at must know its time zone; got {self.flown_at}")


@dataclass(frozen=True, slots=True)
class Case:
    """One object on the ground that breaks a rule, from first sight to its end.

    Attributes:
        case_no: date of the first patrol and a running number, such as 20260610-0001.
        category: code in the categories table.
        urgency: 1 for at once, as the table said when it was filed.
        polygon: as last seen, lon/lat degrees; `lon_deg`, `lat_deg` lie inside it.
        patrol_id: the patrol that found it first; `last_patrol_id` saw it last.
        gone_at: when a patrol that covered the place no longer saw it, None while it stands.
        evidence: of each patrol what its newest filing says; older sets stay in the registry.
        version: grows by one with each event; a decision names the version it was made on.
    """

    case_no: str
    category: str
    class_name: str
    stage: Stage
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
    patrol_id: str
    last_patrol_id: str
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None
    evidence: tuple[Evidence, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the append-only history; `hash` covers all of it and the entry before.

    Attributes:
        seq: 1, 2, 3... over the whole registry.
        case_no: None for entries about a whole filing.
        action: file, same, gone, missed, verified, retract, filing, seal, or an action of the life
            cycle.
    """

    seq: int
    case_no: str | None
    at: datetime
    actor: str
    action: str
    details: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the history at some moment, to be kept outside the registry.

    Attributes:
        seq: number of the entry; 0 where nothing was written yet or nobody knows it.
        source: where the head was kept, for messages.
    """

    seq: int
    hash: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class FilingResult:
    """Case numbers that a filing made, met again, found gone or took back.

    Attributes:
        already_filed: the same findings had been filed before, so nothing was changed.
        head: the entry that ended the filing; the same when it is filed again.
        cooling: proposals that make no case, since one like it has ended there not long before:
            its number by proposal.
        snoozed: proposals that make no case, since their place was snoozed: the number of the case
            by whose snooze, by proposal.
        outcomes: what was found at cases that waited to be verified, `cases.outcomes.Outcome` by
            case number.
    """

    new: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    already_filed: bool = False
    head: Head | None = None
    cooling: Mapping[str, str] = field(default_factory=dict)
    snoozed: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)

    def lists(self) -> dict[str, list[str]]:
        """Give the case numbers by what was done, as JSON."""
        return {
            "new": list(self.new),
            "same": list(self.same),
            "gone": list(self.gone),
            "withdrawn": list(self.withdrawn),
        }

    def among(self, numbers: Collection[str]) -> Self:
        """What it did to these cases."""

        def kept(listed: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(number for number in listed if number in numbers)

        return replace(
            self,
            new=kept(self.new),
            same=kept(self.same),
            gone=kept(self.gone),
            withdrawn=kept(self.withdrawn),
        )


@dataclass(frozen=True, slots=True)
class FilingEntry:
    """One filing that the registry has taken.

    Attributes:
        digest: of everything that the filing said.
    """

    filing_id: int
    patrol_id: str
    digest: str
    flown_at: datetime
    filed_at: datetime
    model_sha256: str
    rule_version: str
    result: FilingResult


@dataclass(frozen=True, slots=True)
class CaseCount:
    """How many cases share a stage and a category."""

    stage: Stage
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class Claim:
    """That somebody works on a case, until a moment."""

    case_no: str
    who: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Whether the history still is what was written.

    Attributes:
        head: hash of the last entry.
        heads: how many heads were known from outside and looked for.
        problems: one sentence for each thing that was tampered with.
    """

    events: int
    head: str
    heads: int
    problems: tuple[str, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing was tampered with."""
        return not self.problems
