"""Of which patrol are photos that the registry has met before?"""

from collections.abc import Iterable, Mapping

from cases.errors import FilingError

LEAST_SHARE = 0.5
"""Of the photos of a filed patrol that have to come again for it to be the same patrol."""

_MARK_LENGTH = 16


def marks_of(hashes: Iterable[str]) -> list[str]:
    """Shorten photos' hashes to what tells them apart within a registry, sorted."""
    return sorted({digest[:_MARK_LENGTH] for digest in hashes})


def same_patrol(filed: Mapping[str, Iterable[str]], photo_sha256: Mapping[str, str]) -> str | None:
    """Find the filed patrol that photos are of, with some more or some fewer; None for a new one.

    What one photo shows counts once: as another patrol's it would speak for and against itself.

    Args:
        filed: marks of the searched photos of each patrol.
        photo_sha256: hash of each searched photo by photo id.

    Raises:
        FilingError: some of the photos are of a patrol that most of its photos are missing of, or
            of several patrols.
    """
    by_mark = {digest[:_MARK_LENGTH]: photo_id for photo_id, digest in photo_sha256.items()}
    known = {patrol_id: frozenset(marks) for patrol_id, marks in filed.items()}
    shared = {
        patrol_id: marks & by_mark.keys()
        for patrol_id, marks in known.items()
        if marks & by_mark.keys()
    }
    if not shared:
        return None
    patrol_id, *others = shared
    if not others and len(shared[patrol_id]) >= LEAST_SHARE * len(known[patrol_id]):
        return patrol_id
    listed = "; ".join(
        f"{len(marks)} of the {len(known[name])} photos of patrol {name} (such as "
        f"{min(by_mark[mark] for mark in marks)})"
        for name, marks in shared.items()
    )
    raise FilingError(
        f"among these photos are {listed}. A photo speaks for one patrol only: analyse the photos "
        "of each flight by themselves, all of them, or file these into a registry of their own."
    )
