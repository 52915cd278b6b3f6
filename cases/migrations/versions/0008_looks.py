"""Decided cases that somebody else judges once more, and cases whose answer is known."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _case(*, is_key: bool = False) -> sa.Column[str]:
    foreign = sa.ForeignKey("cases.case_no")
    return sa.Column("case_no", sa.String, foreign, primary_key=is_key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "looks",
        sa.Column("look_id", sa.Integer, primary_key=True),
        _case(),
        *(_text(name) for name in ("kind", "expected", "first_by")),
        sa.Column("asked_at", _TIME, nullable=False),
        _text("who"),
        sa.Column("until", _TIME),
        *(_text(name) for name in ("passed_by", "answer", "reason")),
        sa.Column("answered_at", _TIME),
    )
    op.create_index("ix_looks_case", "looks", ["case_no", "who"])
    op.create_index("ix_looks_open", "looks", ["answer", "kind", "look_id"])
    op.create_table("controls", _case(is_key=True), _text("answer"), _text("source"))


def downgrade() -> None:
    """Forget who is to look; the history keeps what was answered."""
    for name in ("controls", "looks"):
        op.drop_table(name)
