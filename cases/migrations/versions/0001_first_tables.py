"""Cases, evidence, history and filings."""

from itertools import product
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_CASE_INDEXES = {
    "ix_cases_queue": ["queue_rank", "case_no"],
    "ix_cases_stage": ["stage", "queue_rank", "case_no"],
    "ix_cases_seen": ["last_seen", "case_no"],
    "ix_cases_category": ["category", "queue_rank", "case_no"],
    "ix_cases_cell": ["cell_code", "queue_rank", "case_no"],
    "ix_cases_place": ["lon_deg", "lat_deg"],
    "ix_cases_patrol": ["patrol_id"],
}

_POSE = (
    "lon_deg", "lat_deg", "altitude_amsl_m", "yaw_deg", "pitch_deg", "roll_deg",
    "sigma_horizontal_m", "sigma_vertical_m", "sigma_axis_deg", "sigma_twist_deg",
)  # fmt: skip


def upgrade() -> None:
    op.create_table("cases", *_case_columns())
    for name, columns in _CASE_INDEXES.items():
        op.create_index(name, "cases", columns)
    op.create_table(
        "evidence",
        sa.Column("case_no", sa.String, sa.ForeignKey("cases.case_no"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *_texts("patrol_id", "photo_id", "photo_sha256", "class_name"),
        sa.Column("polygon_px", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.Double, nullable=True) for name in _POSE),
        sa.Column("pose_source", sa.String, nullable=True),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case_no", sa.String, sa.ForeignKey("cases.case_no"), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        *_texts("actor", "action"),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.String, nullable=False, unique=True),
        *_texts("hash"),
    )
    op.create_index("ix_events_case", "events", ["case_no", "seq"])
    op.create_table(
        "filings",
        sa.Column("filing_id", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("patrol_id", "digest"),
        sa.Column("flown_at", _TIME, nullable=False),
        sa.Column("filed_at", _TIME, nullable=False),
        *_texts("model_sha256", "rule_version"),
        sa.Column("result", sa.Text, nullable=False),
    )
    op.create_index("ix_filings_patrol", "filings", ["patrol_id", "filing_id"])
    if op.get_bind().dialect.name == "sqlite":
        for table, verb in product(("events", "evidence"), ("UPDATE", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: append-only'); END"
            )


def downgrade() -> None:
    for table in ("filings", "events", "evidence", "cases"):
        op.drop_table(table)


def _case_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("case_no", sa.String, primary_key=True),
        *_texts("category", "class_name", "stage"),
        sa.Column("urgency", sa.Integer, nullable=False),
        *_floats("queue_rank", "score"),
        sa.Column("polygon", sa.LargeBinary, nullable=False),
        *_floats("lon_deg", "lat_deg", "sigma_m", "area_m2"),
        *_texts("cell_code", "cell_name", "town", "village", "officer"),
        *_texts("rule_id", "rule_version", "model_sha256"),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("to_check", sa.Boolean, nullable=False),
        *_texts("patrol_id", "last_patrol_id"),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        sa.Column("gone_at", _TIME, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _floats(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double, nullable=False) for name in names]
