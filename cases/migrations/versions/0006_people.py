"""Accounts, and cases found and counted by the area that somebody answers for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
# They hold all that a person's queue is chosen by, so that no row is looked up for a foreign case.
_INDEXES = {
    "ix_cases_town": [
        "town", "queue_rank", "case_no", "stage", "category", "village", "lon_deg", "lat_deg",
    ],
    "ix_cases_town_seen": ["town", "last_seen", "case_no", "stage", "category", "village"],
}  # fmt: skip


def upgrade() -> None:
    _make_tables()
    for name, columns in _INDEXES.items():
        op.create_index(name, "cases", columns)
    op.create_index("ix_evidence_photo", "evidence", ["patrol_id", "photo_id"])
    _count_by(("stage", "category", "cell_code", "town", "village"))


def downgrade() -> None:
    """Forget accounts, sessions, tokens and sign-ins; the history keeps who decided what."""
    _count_by(("stage", "category", "cell_code"))
    op.drop_index("ix_evidence_photo", "evidence")
    for name in _INDEXES:
        op.drop_index(name, "cases")
    for name in ("sign_ins", "account_tokens", "account_sessions", "accounts"):
        op.drop_table(name)


def _make_tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("display_name", sa.String, nullable=False, unique=True),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("password_hash", "roles", "town", "village")
        ),
        sa.Column("is_active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "account_sessions",
        sa.Column("token_sha256", sa.String, primary_key=True),
        sa.Column("account", sa.String, sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("used_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
    )
    op.create_index("ix_account_sessions_account", "account_sessions", ["account"])
    op.create_table(
        "account_tokens",
        sa.Column("token_sha256", sa.String, primary_key=True),
        sa.Column("token_id", sa.String, nullable=False, unique=True),
        sa.Column("account", sa.String, sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("sign_in_id", sa.Integer, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("name", "address", "outcome")),
    )
    for name in ("name", "address"):
        op.create_index(f"ix_sign_ins_{name}", "sign_ins", [name, "at"])


def _count_by(keys: tuple[str, ...]) -> None:
    """Count the cases anew, by these keys, and let triggers keep the counts."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        for name in ("cases_counted", "cases_recounted"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER cases_counted ON cases")
        op.execute("DROP FUNCTION aerogrid_count_cases()")
    op.drop_table("case_counts")
    op.create_table(
        "case_counts",
        *(sa.Column(name, sa.String, primary_key=True) for name in keys),
        sa.Column("cases", sa.Integer, nullable=False),
    )
    named = ", ".join(keys)
    op.execute(f"INSERT INTO case_counts SELECT {named}, count(*) FROM cases GROUP BY {named}")
    for statement in _on_sqlite(keys) if is_sqlite else _on_postgresql(keys):
        op.execute(statement)


def _on_sqlite(keys: tuple[str, ...]) -> tuple[str, ...]:
    differs = " OR ".join(f"OLD.{key} <> NEW.{key}" for key in keys)
    one_more = (
        f"INSERT INTO case_counts VALUES ({_of('NEW', keys)}, 1) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET cases = cases + 1; "
    )
    return (
        f"CREATE TRIGGER cases_counted AFTER INSERT ON cases BEGIN {one_more} END",
        f"CREATE TRIGGER cases_recounted AFTER UPDATE OF {', '.join(keys)} ON cases "
        f"WHEN {differs} BEGIN {_one_less(keys)} {one_more} END",
    )


def _on_postgresql(keys: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "CREATE FUNCTION aerogrid_count_cases() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN "
        f"IF ({_of('OLD', keys)}) = ({_of('NEW', keys)}) THEN RETURN NULL; END IF; "
        f"{_one_less(keys)} END IF; "
        f"INSERT INTO case_counts VALUES ({_of('NEW', keys)}, 1) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET cases = case_counts.cases + 1; "
        "RETURN NULL; END $$",
        f"CREATE TRIGGER cases_counted AFTER INSERT OR UPDATE OF {', '.join(keys)} ON cases "
        "FOR EACH ROW EXECUTE FUNCTION aerogrid_count_cases()",
    )


def _one_less(keys: tuple[str, ...]) -> str:
    same = " AND ".join(f"{key} = OLD.{key}" for key in keys)
    return f"UPDATE case_counts SET cases = cases - 1 WHERE {same};"


def _of(row: str, keys: tuple[str, ...]) -> str:
    return ", ".join(f"{row}.{key}" for key in keys)
