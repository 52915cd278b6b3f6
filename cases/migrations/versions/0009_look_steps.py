"""What somebody did to a case that they judge once more, so that it is shown to them as done."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of what was answered before; it counts as ever."""
    op.add_column("looks", sa.Column("steps", sa.Text, nullable=False, server_default="[]"))
    op.create_index("ix_looks_answered", "looks", ["answered_at"])


def downgrade() -> None:
    """Forget the steps; the history keeps what was answered."""
    op.drop_index("ix_looks_answered", "looks")
    op.drop_column("looks", "steps")
