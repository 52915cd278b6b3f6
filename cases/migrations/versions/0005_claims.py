"""Who is working on which case right now."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("case_no", sa.String, sa.ForeignKey("cases.case_no"), primary_key=True),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Forget the claims: they run out by themselves and are no part of the history."""
    op.drop_table("claims")
