"""Which photo does a file of another program mean by a name?"""

from collections.abc import Sequence
from pathlib import PurePosixPath


class PhotoNames:
    """Photos by the names that other programs give them: a path, or its last parts."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Take the paths of all photos below their folder."""
        self._paths = [PurePosixPath(path) for path in paths]
        self._by_name: dict[str, list[int]] = {}
        for number, path in enumerate(self._paths):
            self._by_name.setdefault(path.name, []).append(number)

    def meant(self, name: str) -> list[int]:
        """Numbers of the photos that a name may mean: none, one, or several of one file name.

        The folders in a name tell photos of one file name apart as far as they agree.
        """
        wanted = PurePosixPath(name)
        found = self._by_name.get(wanted.name, [])
        if len(found) < 2:
            return list(found)
        exact = [number for number in found if self._paths[number] == wanted]
        if exact:
            return exact
        alike = {number: _alike(self._paths[number], wanted) for number in found}
        return [number for number in found if alike[number] == max(alike.values())]


def _alike(one: PurePosixPath, other: PurePosixPath) -> int:
    """How many parts from the end on two paths have in common."""
    count = 0
    for mine, theirs in zip(reversed(one.parts), reversed(other.parts), strict=False):
        if mine != theirs:
            break
        count += 1
    return count
