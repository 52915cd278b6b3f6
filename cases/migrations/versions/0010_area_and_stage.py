"""A million cases as a town or village sees them: its cases of a stage, its counts, its cells."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# They hold all that a person's queue is chosen by, so that no row is looked up for a foreign case.
_OF_CASES = {
    "ix_cases_town_stage": [
        "town", "stage", "queue_rank", "case_no", "category", "village", "lon_deg", "lat_deg",
    ],
    "ix_cases_town_stage_seen": ["town", "stage", "last_seen", "case_no", "category", "village"],
    "ix_cases_cell_seen": ["cell_code", "last_seen", "case_no"],
}  # fmt: skip
_OF_COUNTS = {
    "ix_case_counts_area": ["town", "village", "stage", "category", "cases"],
    "ix_case_counts_stage": ["stage", "category", "cases"],
    "ix_case_counts_cell": ["cell_code", "stage", "category"],
}


def upgrade() -> None:
    for table, indexes in (("cases", _OF_CASES), ("case_counts", _OF_COUNTS)):
        for name, columns in indexes.items():
            op.create_index(name, table, columns)


def downgrade() -> None:
    for table, indexes in (("case_counts", _OF_COUNTS), ("cases", _OF_CASES)):
        for name in indexes:
            op.drop_index(name, table)
