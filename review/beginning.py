"""What does the review page ask for first? Its browser is told before the page's script is there.

Without it the script would be loaded, ask who has signed in, and only then ask for the queue: three
ways to the server and back, one after the other.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from cases.lifecycle import Role
from review.admission import Visitor

_ALWAYS = ("/api/session", "/api/vocabulary", "/api/summary")
_FIRST_STAGES: dict[Role, tuple[str, ...]] = {
    Role.OFFICER: ("assigned", "handling"),
    Role.OPERATOR: (),
    Role.COMMAND: ("fed_back", "established"),
}
"""What waits for people of a role; for all others what is to be reviewed (`FIRST_STAGE` of the
page's store.ts)."""
_IN_TURN = frozenset({Role.COMMAND})
"""Whose stages are lists one after another (`FOR_COMMAND` of the page's api.ts)."""
_PAGE = 100


def asked_first(visitor: Visitor) -> list[str]:
    """Addresses that the page of a visitor asks for at once; none before somebody has signed in.

    Whoever has several roles goes on in the one that the browser has kept, so which cases it shows
    is not known here.
    """
    if not visitor.scopes:
        return []
    roles = visitor.account.roles if visitor.account else (Role.INSPECTOR,)
    if len(roles) > 1:
        return [*_ALWAYS]
    stages = _FIRST_STAGES.get(roles[0], ("reported",))
    lists = [(stage,) for stage in stages] if roles[0] in _IN_TURN else [stages]
    return [*_ALWAYS, *(f"/api/cases?{_query(stages)}" for stages in lists)]


def _query(stages: Iterable[str]) -> str:
    return urlencode([("limit", _PAGE), *(("stage", stage) for stage in stages)])


def preloads(visitor: Visitor) -> str:
    """The header `Link` by which the page's browser learns of them."""
    return ", ".join(
        f"<{address}>; rel=preload; as=fetch; crossorigin" for address in asked_first(visitor)
    )
