"""What cases do the observations of a patrol make, and why do the others make none?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import shapely
from shapely import MultiPolygon, Polygon

from cases import wording
from cases.categories import Words
from cases.errors import FilingError
from cases.grouping import FLAME, SCAR, SMOKE, Fire, attach_scars, group_fires, group_overlaps
from cases.judging import Verdict, judge, screen, sigma_of
from cases.model import Findings, Outline, Place, Proposal, Rejection
from cases.rules import Rulebook
from cases.zones import Zones
from geo.frames import LocalFrame
from geo.grid import Cell
from vision.model import Observation


@dataclass(frozen=True, slots=True)
class _Ground:
    """Everything that observations are judged by."""

    rulebook: Rulebook
    zones: Zones
    on: date | None
    cells: Mapping[str, Cell]


def propose(
    observations: Iterable[Observation],
    rulebook: Rulebook,
    zones: Zones,
    *,
    on: date | None,
    cells: Iterable[Cell] = (),
) -> Findings:
    """Apply the rules to the observations of one patrol.

    Flames and smoke at one place are one fire, which takes in the burn scar at its foot; other
    observations of one kind that overlap are one object. `on` is the day of observations that do
    not know when they were made, None where nobody knows it; town, village and officer come from
    `cells`, a Grid for example.
    """
    seen = list(observations)
    _refuse_repeated(seen)
    ground = _Ground(rulebook, zones, on, {cell.code: cell for cell in cells})
    burning: list[Observation] = []
    scars: list[Observation] = []
    others: list[Observation] = []
    rejected: list[Rejection] = []
    for item in seen:
        verdict = screen(item, rulebook, on)
        if verdict.rule is None:
            rejected.append(_reject(item, rulebook, verdict.why))
        else:
            group = {FLAME: burning, SMOKE: burning, SCAR: scars}.get(item.class_name, others)
            group.append(item)
    proposals, fire_rejected, lone_scars = _propose_fires(burning, scars, ground)
    more_proposals, more_rejected = _propose_objects([*lone_scars, *others], ground)
    return Findings(
        tuple(sorted([*proposals, *more_proposals], key=_filing_order)),
        tuple(
            sorted(
                [*rejected, *fire_rejected, *more_rejected], key=lambda entry: entry.observation_id
            )
        ),
    )


def _refuse_repeated(observations: Sequence[Observation]) -> None:
    counted = Counter(item.observation_id for item in observations)
    repeated = sorted(name for name, count in counted.items() if count > 1)
    if repeated:
        raise FilingError(
            f"observations occur more than once: {', '.join(repeated[:5])}; locate the patrol again"
        )


def _propose_fires(
    burning: Sequence[Observation], scars: Sequence[Observation], ground: _Ground
) -> tuple[list[Proposal], list[Rejection], list[Observation]]:
    """Judge fires; return proposals, rejections, and the scars that are at no fire."""
    rules = ground.rulebook
    fires = group_fires(burning, flame_gap_m=rules.flame_gap_m, fire_radius_m=rules.fire_radius_m)
    judged = [(fire, *_judge_fire(fire, ground)) for fire in fires]
    burnt = [(fire, leader, verdict) for fire, leader, verdict in judged if verdict.rule]
    grown, lone_scars = attach_scars([fire for fire, _, _ in burnt], scars, rules.scar_radius_m)
    proposals = [
        _proposal(verdict, leader, fire.members, ground)
        for fire, (_, leader, verdict) in zip(grown, burnt, strict=True)
    ]
    rejected = [
        entry
        for fire, leader, verdict in judged
        if not verdict.rule
        for entry in _reject_group(leader, fire.members, verdict, ground)
    ]
    return proposals, rejected, lone_scars


def _judge_fire(fire: Fire, ground: _Ground) -> tuple[Observation, Verdict]:
    """Judge by the best flame at a forbidden place; a fire without flame by all its smoke."""
    if not fire.flames:
        plume = shapely.unary_union([item.polygon for item in fire.smoke])
        area = plume if isinstance(plume, Polygon | MultiPolygon) else fire.smoke[0].polygon
        leader = fire.smoke[0]
        return leader, judge(leader, ground.rulebook, ground.zones, ground.on, area=area)
    verdicts = [
        (flame, judge(flame, ground.rulebook, ground.zones, ground.on)) for flame in fire.flames
    ]
    return next(((flame, verdict) for flame, verdict in verdicts if verdict.rule), verdicts[0])


def _propose_objects(
    observations: Sequence[Observation], ground: _Ground
) -> tuple[list[Proposal], list[Rejection]]:
    """Judge what does not burn, each observation by itself, then join those of one object."""
    rejected: list[Rejection] = []
    by_kind: dict[str, list[Observation]] = {}
    verdicts: dict[str, Verdict] = {}
    for item in observations:
        verdict = judge(item, ground.rulebook, ground.zones, ground.on)
        if verdict.rule is None:
            rejected.append(_reject(item, ground.rulebook, verdict.why))
        else:
            verdicts[item.observation_id] = verdict
            kind = ground.rulebook.category(verdict.rule.category).kind
            by_kind.setdefault(kind, []).append(item)
    proposals = [
        _proposal(verdicts[group[0].observation_id], group[0], group, ground)
        for kind in sorted(by_kind)
        for group in group_overlaps(by_kind[kind], ground.rulebook.overlap_share)
    ]
    return proposals, rejected


def _proposal(
    verdict: Verdict, leader: Observation, members: Sequence[Observation], ground: _Ground
) -> Proposal:
    rule = verdict.rule
    assert rule is not None, "only observations for which a rule fired are proposed"
    others = [item for item in members if item is not leader]
    return Proposal(
        proposal_id=f"{rule.id}:{leader.observation_id}",
        category=ground.rulebook.category(rule.category),
        class_name=leader.class_name,
        score=leader.score,
        polygon=_extent(leader, members),
        sigma_m=sigma_of(leader),
        area_m2=leader.area_m2,
        place=_place(leader.cell_code, ground.cells),
        rule_id=rule.id,
        rule_version=ground.rulebook.version_label,
        why=(
            wording.seen(leader.class_name, leader.score, rule.min_score),
            *verdict.why,
            *_company(others),
        ),
        to_check=verdict.to_check,
        observation_ids=tuple(item.observation_id for item in (leader, *others)),
        outlines=tuple(outline for item in (leader, *others) for outline in _outlines(item)),
        seen_at=leader.seen_at,
        is_aslant=leader.is_aslant,
    )


def _extent(leader: Observation, members: Sequence[Observation]) -> Polygon:
    """Ground that a case covers: all its flames, else what decided."""
    if leader.class_name != FLAME:
        return leader.polygon
    flames = [item.polygon for item in members if item.class_name == FLAME]
    hull = shapely.convex_hull(shapely.multipolygons(flames))
    return hull if len(flames) > 1 and isinstance(hull, Polygon) else leader.polygon


def _company(others: Sequence[Observation]) -> tuple[Words, ...]:
    counted = Counter(item.class_name for item in others)
    return tuple(
        wording.burnt_area(counted[name], _joint_area_m2(others, SCAR))
        if name == SCAR
        else wording.also_seen(name, counted[name])
        for name in sorted(counted)
    )


def _joint_area_m2(observations: Iterable[Observation], class_name: str) -> float:
    """Ground that the observations of a class cover, what they share counted once."""
    polygons = [item.polygon for item in observations if item.class_name == class_name]
    covered = shapely.unary_union(polygons)
    return float(LocalFrame.around(covered).to_local(covered).area)


def _outlines(item: Observation) -> Iterable[Outline]:
    pairs = zip(item.photo_ids, item.detections_px, strict=True)
    return (Outline(photo_id, item.class_name, polygon) for photo_id, polygon in pairs)


def _place(cell_code: str | None, cells: Mapping[str, Cell]) -> Place:
    cell = cells.get(cell_code or "")
    if cell is None:
        return Place(cell_code or "")
    return Place(cell.code, cell.name, cell.town, cell.village, cell.officer)


def _reject(item: Observation, rulebook: Rulebook, why: tuple[Words, ...]) -> Rejection:
    return Rejection(
        observation_id=item.observation_id,
        class_name=item.class_name,
        kind=rulebook.kind_of_class(item.class_name),
        score=item.score,
        polygon=item.polygon,
        why=why,
    )


def _reject_group(
    leader: Observation, members: Sequence[Observation], verdict: Verdict, ground: _Ground
) -> Iterable[Rejection]:
    company = wording.part_of(leader.class_name, leader.observation_id)
    for item in members:
        why = verdict.why if item is leader else (company, *verdict.why)
        yield _reject(item, ground.rulebook, why)


def _filing_order(proposal: Proposal) -> tuple[str, str, str]:
    return (proposal.place.cell_code, proposal.category.code, proposal.proposal_id)
