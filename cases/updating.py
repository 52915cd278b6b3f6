"""What a filing makes of one proposal: a case, its evidence, and what is told of a change."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import shapely
from shapely import Polygon

from cases.chain import outline_hex, place_facts, pose_facts, sha256_of, utc_text
from cases.errors import FilingError
from cases.lifecycle import Stage
from cases.model import Case, Evidence, Findings, PatrolRecord, Place, Proposal

_TOLD = (
    "category", "class_name", "urgency", "score", "polygon", "sigma_m", "area_m2", "place",
    "rule_id", "rule_version", "model_sha256", "why", "to_check", "first_seen", "gone_at",
)  # fmt: skip
_told = attrgetter(*_TOLD)


def open_case(proposal: Proposal, case_no: str, patrol: PatrolRecord) -> Case:
    """Make a case of a proposal, at version 0: nothing has been written about it yet."""
    seen_at = proposal.seen_at or patrol.flown_at
    inside = proposal.polygon.point_on_surface()
    return Case(
        case_no=case_no,
        category=proposal.category.code,
        class_name=proposal.class_name,
        stage=Stage.REPORTED,
        urgency=proposal.category.urgency,
        score=proposal.score,
        polygon=proposal.polygon,
        lon_deg=inside.x,
        lat_deg=inside.y,
        sigma_m=proposal.sigma_m,
        area_m2=proposal.area_m2,
        place=proposal.place,
        rule_id=proposal.rule_id,
        rule_version=proposal.rule_version,
        model_sha256=patrol.model_sha256,
        why=proposal.why,
        to_check=proposal.to_check,
        patrol_id=patrol.patrol_id,
        last_patrol_id=patrol.patrol_id,
        first_seen=seen_at,
        last_seen=seen_at,
        gone_at=None,
        evidence=evidence_of(proposal, patrol),
        version=0,
    )


def with_evidence(case: Case, fresh: tuple[Evidence, ...], patrol_id: str) -> Case:
    """Put the evidence of a patrol in the place of what it gave before; the registry keeps both."""
    return replace(case, evidence=_renewed(case.evidence, fresh, patrol_id))


def _renewed(
    known: tuple[Evidence, ...], fresh: tuple[Evidence, ...], patrol_id: str
) -> tuple[Evidence, ...]:
    """Put what a patrol says now in the place of what it said before, if it differs."""
    before = tuple(replace(entry, version=0) for entry in known if entry.patrol_id == patrol_id)
    if before == fresh:
        return known
    return tuple(entry for entry in known if entry.patrol_id != patrol_id) + fresh


def changes(before: Case, after: Case) -> dict[str, list[Any]]:
    """Say what became of a case by name: the value before and after, as JSON."""
    pairs = zip(_TOLD, _told(before), _told(after), strict=True)
    return {name: [_plain(was), _plain(now)] for name, was, now in pairs if was != now}


def _plain(value: object) -> Any:
    if isinstance(value, Polygon):
        return shapely.to_wkt(value, rounding_precision=-1)
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Place):
        return place_facts(value)
    if isinstance(value, tuple):
        return [[words.en, words.zh] for words in value]
    return value


def evidence_of(proposal: Proposal, patrol: PatrolRecord) -> tuple[Evidence, ...]:
    """Pin a proposal's outlines to the hashes of the photos."""
    missing = sorted({o.photo_id for o in proposal.outlines} - set(patrol.photo_sha256))
    if missing:
        raise FilingError(
            f"patrol {patrol.patrol_id}: no hash of photo {missing[0]}, in which "
            f"{proposal.proposal_id} was seen; ingest the photos again"
        )
    return tuple(
        Evidence(
            patrol.patrol_id,
            outline.photo_id,
            patrol.photo_sha256[outline.photo_id],
            outline.class_name,
            outline.polygon_px,
            patrol.poses.get(outline.photo_id),
        )
        for outline in proposal.outlines
    )


def flown_facts(patrol: PatrolRecord) -> dict[str, Any]:
    """Write into an entry when a patrol flew, how long, and over how much ground."""
    return {"at": utc_text(patrol.flown_at), **(asdict(patrol.flown) if patrol.flown else {})}


def filing_digest(patrol: PatrolRecord, findings: Findings, footprints: Sequence[Polygon]) -> str:
    """Hash everything that a filing says, to know it when it comes again."""
    return sha256_of(
        {
            "patrol": [
                patrol.patrol_id,
                utc_text(patrol.flown_at) if patrol.is_dated else None,
                patrol.model_sha256,
            ],
            "photos": dict(_used_photos(patrol, findings)),
            "proposals": [_proposal_facts(proposal) for proposal in findings.proposals],
            "rejected": [
                [entry.observation_id, entry.kind, outline_hex(entry.polygon)]
                for entry in findings.rejected
            ],
            "footprints": sorted(
                hashlib.sha256(footprint.wkb).hexdigest() for footprint in footprints
            ),
        }
    )


def _used_photos(patrol: PatrolRecord, findings: Findings) -> Mapping[str, list[object]]:
    used = {outline.photo_id for entry in findings.proposals for outline in entry.outlines}
    return {
        photo_id: [patrol.photo_sha256.get(photo_id), pose_facts(patrol.poses.get(photo_id))]
        for photo_id in sorted(used)
    }


def _proposal_facts(proposal: Proposal) -> list[object]:
    place = proposal.place
    return [
        proposal.proposal_id,
        proposal.category.code,
        proposal.category.urgency,
        proposal.score,
        proposal.sigma_m,
        proposal.area_m2,
        proposal.rule_version,
        proposal.to_check,
        outline_hex(proposal.polygon),
        [place.cell_code, place.cell_name, place.town, place.village, place.officer],
        [words.en for words in proposal.why],
        [[o.photo_id, o.class_name, outline_hex(o.polygon_px)] for o in proposal.outlines],
        utc_text(proposal.seen_at) if proposal.seen_at else None,
    ]
