"""Whom a case was told to: notices, alerts, and how far the history has been turned into them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def upgrade() -> None:
    """Make the tables; what happened before is told to nobody any more."""
    op.create_table(
        "alert_progress",
        sa.Column("progress_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO alert_progress SELECT 1, coalesce(max(seq), 0) FROM events")
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        _text("event"),
        sa.Column("seq", sa.Integer, nullable=False),
        _text("category"),
        _text("cell_code"),
        sa.Column("case_no", sa.String, sa.ForeignKey("cases.case_no"), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("escalate_at", _TIME),
        sa.Column("acknowledged_at", _TIME),
        sa.Column("acknowledged_by", sa.String),
        sa.Column("ended_at", _TIME),
    )
    merge = ["event", "category", "cell_code", "created_at"]
    op.create_index("ix_notices_merge", "notices", merge)
    op.create_index("ix_notices_escalate", "notices", ["escalate_at"])
    op.create_table(
        "notice_cases",
        sa.Column("notice_id", sa.Integer, sa.ForeignKey("notices.notice_id"), primary_key=True),
        sa.Column("case_no", sa.String, sa.ForeignKey("cases.case_no"), primary_key=True),
        sa.Column("ended_at", _TIME),
    )
    op.create_index("ix_notice_cases_case", "notice_cases", ["case_no"])
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("token", sa.String, nullable=False, unique=True),
        sa.Column("notice_id", sa.Integer, sa.ForeignKey("notices.notice_id"), nullable=False),
        _text("lane"),
        _text("person_id"),
        _text("channel"),
        _text("told_as"),
        sa.Column("urgency", sa.Integer, nullable=False),
        _text("state"),
        sa.Column("ready_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("body", sa.Text),
        _text("receipt"),
        _text("error"),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("settled_at", _TIME),
    )
    op.create_index("ix_alerts_ready", "alerts", ["state", "ready_at"])
    op.create_index("ix_alerts_lane", "alerts", ["lane", "state", "alert_id"])
    op.create_index("ix_alerts_person", "alerts", ["person_id", "created_at"])
    op.create_index("ix_alerts_notice", "alerts", ["notice_id"])


def downgrade() -> None:
    """Forget whom cases were told to; the history of the cases stays."""
    for name in ("alerts", "notice_cases", "notices", "alert_progress"):
        op.drop_table(name)
