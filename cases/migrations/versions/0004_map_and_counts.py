"""A million cases: an index for windows of the map, counts that are kept, indexes for the queue."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from cases.errors import RegistryError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEYS = ("stage", "category", "cell_code")
# Orders of work hold the point, too, so that a walk along them through a wide window of the map
# needs no look at the rows.
_AT = ["lon_deg", "lat_deg"]
_WORK = ["queue_rank", "case_no"]
_SEEN = ["last_seen", "case_no"]
_INDEXES = {
    "ix_cases_walk": [*_WORK, "stage", *_AT],
    "ix_cases_stage": ["stage", *_WORK, *_AT],
    "ix_cases_category": ["category", *_WORK, *_AT],
    "ix_cases_work": ["stage", "category", *_WORK, *_AT],
    "ix_cases_work_seen": ["stage", "category", *_SEEN],
    "ix_cases_work_cell": ["cell_code", "stage", "category", *_WORK],
    "ix_cases_work_cell_seen": ["cell_code", "stage", "category", *_SEEN],
    "ix_cases_stage_seen": ["stage", *_SEEN],
    "ix_cases_category_seen": ["category", *_SEEN],
}
_REPLACED = {
    "ix_cases_queue": _WORK,
    "ix_cases_place": _AT,
    "ix_cases_stage": ["stage", *_WORK],
    "ix_cases_category": ["category", *_WORK],
}

_POINT = "ST_SetSRID(ST_MakePoint(lon_deg, lat_deg), 4326)"

# A key of its own: rowids of a table without an integer key change when SQLite vacuums.
_SQLITE = (
    "CREATE TABLE case_points_of (point_id INTEGER PRIMARY KEY, case_no VARCHAR NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE case_points USING rtree(point_id, west, east, south, north, +case_no)",
    "INSERT INTO case_points_of (case_no) SELECT case_no FROM cases ORDER BY lon_deg, lat_deg",
    "INSERT INTO case_points SELECT point_id, lon_deg, lon_deg, lat_deg, lat_deg, case_no "
    "FROM case_points_of JOIN cases USING (case_no)",
    "CREATE TRIGGER cases_pointed AFTER INSERT ON cases BEGIN "
    "INSERT INTO case_points_of (case_no) VALUES (NEW.case_no); "
    "INSERT INTO case_points VALUES (last_insert_rowid(), NEW.lon_deg, NEW.lon_deg, "
    "NEW.lat_deg, NEW.lat_deg, NEW.case_no); END",
    "CREATE TRIGGER cases_moved AFTER UPDATE OF lon_deg, lat_deg ON cases "
    "WHEN OLD.lon_deg <> NEW.lon_deg OR OLD.lat_deg <> NEW.lat_deg BEGIN "
    "UPDATE case_points SET west = NEW.lon_deg, east = NEW.lon_deg, south = NEW.lat_deg, "
    "north = NEW.lat_deg WHERE point_id = "
    "(SELECT point_id FROM case_points_of WHERE case_no = NEW.case_no); END",
    "CREATE TRIGGER cases_counted AFTER INSERT ON cases BEGIN "
    "INSERT INTO case_counts VALUES (NEW.stage, NEW.category, NEW.cell_code, 1) "
    "ON CONFLICT (stage, category, cell_code) DO UPDATE SET cases = cases + 1; END",
    "CREATE TRIGGER cases_recounted AFTER UPDATE OF stage, category, cell_code ON cases "
    "WHEN OLD.stage <> NEW.stage OR OLD.category <> NEW.category "
    "OR OLD.cell_code <> NEW.cell_code BEGIN "
    "UPDATE case_counts SET cases = cases - 1 WHERE stage = OLD.stage "
    "AND category = OLD.category AND cell_code = OLD.cell_code; "
    "INSERT INTO case_counts VALUES (NEW.stage, NEW.category, NEW.cell_code, 1) "
    "ON CONFLICT (stage, category, cell_code) DO UPDATE SET cases = cases + 1; END",
)
_POSTGRESQL = (
    f"CREATE INDEX ix_cases_point ON cases USING gist (({_POINT}))",
    "CREATE FUNCTION aerogrid_count_cases() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'UPDATE' THEN "
    "IF (OLD.stage, OLD.category, OLD.cell_code) = (NEW.stage, NEW.category, NEW.cell_code) "
    "THEN RETURN NULL; END IF; "
    "UPDATE case_counts SET cases = cases - 1 WHERE stage = OLD.stage "
    "AND category = OLD.category AND cell_code = OLD.cell_code; END IF; "
    "INSERT INTO case_counts VALUES (NEW.stage, NEW.category, NEW.cell_code, 1) "
    "ON CONFLICT (stage, category, cell_code) DO UPDATE SET cases = case_counts.cases + 1; "
    "RETURN NULL; END $$",
    "CREATE TRIGGER cases_counted AFTER INSERT OR UPDATE OF stage, category, cell_code ON cases "
    "FOR EACH ROW EXECUTE FUNCTION aerogrid_count_cases()",
    "ANALYZE cases",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        _require_postgis(op.get_bind())
    for name in _REPLACED:
        op.drop_index(name, "cases")
    for name, columns in _INDEXES.items():
        op.create_index(name, "cases", columns)
    op.create_table(
        "case_counts",
        *(sa.Column(name, sa.String, primary_key=True) for name in _KEYS),
        sa.Column("cases", sa.Integer, nullable=False),
    )
    keys = ", ".join(_KEYS)
    op.execute(f"INSERT INTO case_counts SELECT {keys}, count(*) FROM cases GROUP BY {keys}")
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Take index and counts away; the extension stays, since others may use it."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("cases_pointed", "cases_moved", "cases_counted", "cases_recounted"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE case_points")
        op.drop_table("case_points_of")
    else:
        op.execute("DROP TRIGGER cases_counted ON cases")
        op.execute("DROP FUNCTION aerogrid_count_cases()")
        op.execute("DROP INDEX ix_cases_point")
    op.drop_table("case_counts")
    for name in _INDEXES:
        op.drop_index(name, "cases")
    for name, columns in _REPLACED.items():
        op.create_index(name, "cases", columns)


def _require_postgis(connection: Any) -> None:
    """Have the extension in the database; only a superuser may bring it in."""
    known = connection.execute(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'"))
    if known.first():
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION postgis"))
    except DBAPIError as error:
        raise RegistryError(
            "the registry's database lacks PostGIS, and this user may not bring it in "
            f"({str(error.orig).splitlines()[0]}). Install it on the server (Debian: "
            "postgresql-15-postgis-3) and let a superuser run CREATE EXTENSION postgis in the "
            "database."
        ) from error
