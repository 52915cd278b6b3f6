"""A case names the evidence that counts, so that a patrol can take its word back."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from cases.chain import canonical_json
from cases.errors import RegistryError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CASES = sa.table("cases", sa.column("case_no", sa.String), sa.column("shown", sa.Text))
_EVIDENCE = sa.table(
    "evidence",
    sa.column("case_no", sa.String),
    sa.column("patrol_id", sa.String),
    sa.column("version", sa.Integer),
)


def upgrade() -> None:
    op.add_column("cases", sa.Column("shown", sa.Text, nullable=False, server_default="{}"))
    newest = _newest()
    _set([{"number": no, "value": canonical_json(shown)} for no, shown in newest.items()])


def downgrade() -> None:
    """Refuse where the revision before would show evidence that was taken back."""
    newest = _newest()
    for case_no, shown in op.get_bind().execute(sa.select(_CASES)):
        if json.loads(shown) != newest.get(case_no, {}):
            raise RegistryError(
                f"revision 0002 cannot tell that evidence of case {case_no} was taken back; "
                "keep revision 0003"
            )
    op.drop_column("cases", "shown")


def _newest() -> dict[str, dict[str, int]]:
    """Of each case the newest version of evidence by patrol."""
    found: dict[str, dict[str, int]] = {}
    keys = (_EVIDENCE.c.case_no, _EVIDENCE.c.patrol_id)
    query = sa.select(*keys, sa.func.max(_EVIDENCE.c.version)).group_by(*keys)
    for case_no, patrol_id, version in op.get_bind().execute(query):
        found.setdefault(case_no, {})[patrol_id] = version
    return found


def _set(values: Sequence[dict[str, Any]]) -> None:
    if values:
        this = _CASES.c.case_no == sa.bindparam("number")
        change = sa.update(_CASES).where(this).values(shown=sa.bindparam("value"))
        op.get_bind().execute(change, values)
