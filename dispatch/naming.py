"""Names that somebody mistyped: say which were near."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from cases.categories import Category
from dispatch.errors import DispatchError


def near_words(name: str, known: Collection[str]) -> str:
    """Ask whether one of the names that are like it was meant; empty where none is."""
    near = get_close_matches(name, list(known), n=3)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def refuse_unknown_category(
    pattern: str, categories: Sequence[Category], where: str, error: type[DispatchError]
) -> None:
    """Refuse a code, or a family such as `burning.*`, of which there is no category.

    `where` says which part of which file names it; `error` is what is raised.
    """
    codes = [category.code for category in categories]
    family = pattern.removesuffix("*")
    if pattern in ("*", *codes):
        return
    if pattern.endswith(".*") and any(code.startswith(family) for code in codes):
        return
    families = [f"{code.partition('.')[0]}.*" for code in codes]
    raise error(
        f"{where}: no category is {pattern!r}{near_words(pattern, [*codes, *families])}; give one "
        f"of {', '.join(codes)}, a family such as burning.*, or *"
    )
