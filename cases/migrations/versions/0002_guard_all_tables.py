"""Nothing is replaced, on PostgreSQL neither; what filings did is sealed into the history."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from cases.chain import FIRST_HASH, canonical_json, sha256_of, utc_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = ("events", "evidence", "filings")
_SAME_KEY = {
    "events": "seq = NEW.seq OR prev_hash = NEW.prev_hash",
    "evidence": "(case_no = NEW.case_no AND version = NEW.version AND position = NEW.position)"
    " OR rowid = NEW.rowid",
    "filings": "filing_id = NEW.filing_id",
    "cases": "case_no = NEW.case_no OR rowid = NEW.rowid",
}
_SQLITE_TRIGGERS = {
    "filings_no_update": "UPDATE ON filings",
    "filings_no_delete": "DELETE ON filings",
    "cases_no_delete": "DELETE ON cases",
    "cases_no_rename": "UPDATE OF case_no ON cases",
    # REPLACE deletes without firing triggers for DELETE; those for INSERT come first
    **{
        f"{table}_no_replace": f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})"
        for table, key in _SAME_KEY.items()
    },
}
_POSTGRESQL_TRIGGERS = {
    **{f"{table}_no_change": f"UPDATE OR DELETE ON {table} FOR EACH ROW" for table in _KEPT},
    "cases_no_change": "DELETE OR UPDATE OF case_no ON cases FOR EACH ROW",
    **{
        f"{table}_no_truncate": f"TRUNCATE ON {table} FOR EACH STATEMENT"
        for table in (*_KEPT, "cases")
    },
}

_TIME = sa.DateTime(timezone=True)
_FILINGS = sa.table(
    "filings",
    sa.column("filing_id", sa.Integer),
    *(sa.column(name, sa.String) for name in ("patrol_id", "digest")),
    *(sa.column(name, _TIME) for name in ("flown_at", "filed_at")),
    *(sa.column(name, sa.String) for name in ("model_sha256", "rule_version", "result")),
)
_EVENTS = sa.table(
    "events",
    sa.column("seq", sa.Integer),
    sa.column("at", _TIME),
    *(
        sa.column(name, sa.String)
        for name in ("case_no", "actor", "action", "details", "prev_hash", "hash")
    ),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, event in _SQLITE_TRIGGERS.items():
            table = name.partition("_no_")[0]
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: append-only'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION aerogrid_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%: append-only', TG_TABLE_NAME; END $$"
        )
        for name, event in _POSTGRESQL_TRIGGERS.items():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} EXECUTE FUNCTION aerogrid_append_only()"
            )
    _seal_filings()


def downgrade() -> None:
    """Take the guards away; a seal stays, as every entry does."""
    if op.get_bind().dialect.name == "sqlite":
        for name in _SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name, event in _POSTGRESQL_TRIGGERS.items():
            op.execute(f"DROP TRIGGER {name} ON {event.split(' ON ')[1].split()[0]}")
        op.execute("DROP FUNCTION aerogrid_append_only()")


def _seal_filings() -> None:
    """Add an entry with the hash of every filing that no entry vouches for yet."""
    connection = op.get_bind()
    vouched = {
        number
        for (details,) in connection.execute(
            sa.select(_EVENTS.c.details).where(_EVENTS.c.action.in_(["filing", "seal"]))
        )
        for number in json.loads(details).get("filings", {})
    }
    rows = connection.execute(sa.select(_FILINGS).order_by(_FILINGS.c.filing_id)).mappings()
    hashes = {str(row["filing_id"]): _hash(row) for row in rows}
    unsealed = {number: value for number, value in hashes.items() if number not in vouched}
    if unsealed:
        _append(connection, "seal", {"filings": unsealed})


def _hash(row: Any) -> str:
    """Hash a filing as this revision does; cases.chain.filing_hash says the same today."""
    return sha256_of(
        [
            row["filing_id"],
            row["patrol_id"],
            row["digest"],
            _utc_text(row["flown_at"]),
            _utc_text(row["filed_at"]),
            row["model_sha256"],
            row["rule_version"],
            json.loads(row["result"]),
        ]
    )


def _append(connection: sa.Connection, action: str, details: dict[str, Any]) -> None:
    last = connection.execute(
        sa.select(_EVENTS.c.seq, _EVENTS.c.hash).order_by(_EVENTS.c.seq.desc()).limit(1)
    ).first()
    seq, prev_hash = (last.seq + 1, last.hash) if last else (1, FIRST_HASH)
    at, actor = datetime.now(UTC), "aerogrid"
    values = [prev_hash, seq, None, utc_text(at), actor, action, details]
    kept_at = at.replace(tzinfo=None) if connection.dialect.name == "sqlite" else at
    connection.execute(
        sa.insert(_EVENTS).values(
            seq=seq,
            case_no=None,
            at=kept_at,
            actor=actor,
            action=action,
            details=canonical_json(details),
            prev_hash=prev_hash,
            hash=sha256_of(values),
        )
    )


def _utc_text(at: datetime) -> str:
    return utc_text(at if at.tzinfo else at.replace(tzinfo=UTC))
