"""EDGE: how cases, their evidence and their history lie in the database."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import shapely
from shapely import Polygon
from sqlalchemy import (
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from cases.chain import canonical_json, outline_wkb

Json = dict[str, Any]


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC, also where the database forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse local times, store UTC."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"times in the registry must know their time zone; got {value}")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Outline(TypeDecorator[Polygon]):
    """A polygon as well-known binary."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Polygon | None, dialect: Dialect) -> bytes | None:
        """Write little-endian WKB."""
        return None if value is None else outline_wkb(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Polygon | None:
        """Read WKB."""
        return None if value is None else _polygon(value)


def _polygon(wkb: bytes) -> Polygon:
    geometry = shapely.from_wkb(wkb)
    if not isinstance(geometry, Polygon):
        raise TypeError(f"an outline in the registry is a {geometry.geom_type}, not a Polygon")
    return geometry


class CanonicalJson(TypeDecorator[Json]):
    """JSON as text with one way to write each value, so that it can be hashed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write sorted and without spaces."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read JSON."""
        return None if value is None else json.loads(value)


_WORK = ("queue_rank", "case_no")
_SEEN = ("last_seen", "case_no")
_AT = ("lon_deg", "lat_deg")


class Base(DeclarativeBase):
    """Root of the mapped tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Double}


class CaseRow(Base):
    """A case as it stands."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_walk", *_WORK, "stage", *_AT),
        Index("ix_cases_stage", "stage", *_WORK, *_AT),
        Index("ix_cases_category", "category", *_WORK, *_AT),
        Index("ix_cases_cell", "cell_code", *_WORK),
        Index("ix_cases_cell_seen", "cell_code", *_SEEN),
        Index("ix_cases_work", "stage", "category", *_WORK, *_AT),
        Index("ix_cases_work_cell", "cell_code", "stage", "category", *_WORK),
        Index("ix_cases_work_cell_seen", "cell_code", "stage", "category", *_SEEN),
        Index("ix_cases_seen", *_SEEN),
        Index("ix_cases_stage_seen", "stage", *_SEEN),
        Index("ix_cases_category_seen", "category", *_SEEN),
        Index("ix_cases_work_seen", "stage", "category", *_SEEN),
        Index("ix_cases_patrol", "patrol_id"),
        Index("ix_cases_town", "town", *_WORK, "stage", "category", "village", *_AT),
        Index("ix_cases_town_seen", "town", *_SEEN, "stage", "category", "village"),
        Index("ix_cases_town_stage", "town", "stage", *_WORK, "category", "village", *_AT),
        Index("ix_cases_town_stage_seen", "town", "stage", *_SEEN, "category", "village"),
    )

    case_no: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str]
    class_name: Mapped[str]
    stage: Mapped[str]
    urgency: Mapped[int]
    queue_rank: Mapped[float]
    """Order of work: urgency, then score, in one number that an index can hold."""
    score: Mapped[float]
    polygon: Mapped[Polygon] = mapped_column(Outline)
    lon_deg: Mapped[float]
    lat_deg: Mapped[float]
    sigma_m: Mapped[float]
    area_m2: Mapped[float]
    cell_code: Mapped[str]
    cell_name: Mapped[str]
    town: Mapped[str]
    village: Mapped[str]
    officer: Mapped[str]
    rule_id: Mapped[str]
    rule_version: Mapped[str]
    model_sha256: Mapped[str]
    why: Mapped[list[list[str]]] = mapped_column(CanonicalJson)
    to_check: Mapped[bool]
    patrol_id: Mapped[str]
    last_patrol_id: Mapped[str]
    first_seen: Mapped[datetime] = mapped_column(UtcTime)
    last_seen: Mapped[datetime] = mapped_column(UtcTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int]
    shown: Mapped[dict[str, int]] = mapped_column(CanonicalJson)
    """Version of the evidence that counts, by patrol; the case's hash covers what it chooses."""
    evidence: Mapped[list["EvidenceRow"]] = relationship(
        order_by="(EvidenceRow.version, EvidenceRow.position)", viewonly=True, lazy="raise"
    )


class CaseCountRow(Base):
    """How many cases share a stage, a category and a place; triggers keep it."""

    __tablename__ = "case_counts"
    __table_args__ = (
        Index("ix_case_counts_area", "town", "village", "stage", "category", "cases"),
        Index("ix_case_counts_stage", "stage", "category", "cases"),
        Index("ix_case_counts_cell", "cell_code", "stage", "category"),
    )

    stage: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    cell_code: Mapped[str] = mapped_column(primary_key=True)
    town: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(primary_key=True)
    cases: Mapped[int]


class ClaimRow(Base):
    """Who works on a case until when; replaced and removed, since it is no part of the history."""

    __tablename__ = "claims"

    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"), primary_key=True)
    who: Mapped[str]
    until: Mapped[datetime] = mapped_column(UtcTime)


class EvidenceRow(Base):
    """An outline in a photo that supports a case; added with a version of it, never changed."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_photo", "patrol_id", "photo_id"),)

    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    patrol_id: Mapped[str]
    photo_id: Mapped[str]
    photo_sha256: Mapped[str]
    class_name: Mapped[str]
    polygon_px: Mapped[Polygon] = mapped_column(Outline)
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    altitude_amsl_m: Mapped[float | None]
    yaw_deg: Mapped[float | None]
    pitch_deg: Mapped[float | None]
    roll_deg: Mapped[float | None]
    sigma_horizontal_m: Mapped[float | None]
    sigma_vertical_m: Mapped[float | None]
    sigma_axis_deg: Mapped[float | None]
    sigma_twist_deg: Mapped[float | None]
    pose_source: Mapped[str | None]


class EventRow(Base):
    """An entry of the history; `prev_hash` is unique, so the history cannot fork."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_case", "case_no", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_no: Mapped[str | None] = mapped_column(ForeignKey("cases.case_no"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[Json] = mapped_column(CanonicalJson)
    prev_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]


class FilingRow(Base):
    """One filing of one patrol; the last one of a patrol is what it says now."""

    __tablename__ = "filings"
    __table_args__ = (Index("ix_filings_patrol", "patrol_id", "filing_id"),)

    filing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    patrol_id: Mapped[str]
    digest: Mapped[str]
    flown_at: Mapped[datetime] = mapped_column(UtcTime)
    filed_at: Mapped[datetime] = mapped_column(UtcTime)
    model_sha256: Mapped[str]
    rule_version: Mapped[str]
    result: Mapped[Json] = mapped_column(CanonicalJson)


CASES, EVIDENCE, EVENTS = (Base.metadata.tables[name] for name in ("cases", "evidence", "events"))
"""The tables by themselves: rows by the thousand are read and written without objects."""
