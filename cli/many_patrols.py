"""Several patrols on one command line: one that cannot be done stops no other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from cli import console
from geo.errors import AerogridError
from pipeline.stac_folder import CATALOG

Told = TypeVar("Told")


def of_each(
    patrols: Sequence[Path], do: Callable[[Path], Told]
) -> tuple[dict[Path, Told], dict[Path, str]]:
    """What came of each patrol, and why some were refused, which is told at once.

    `patrols/*` names the catalogue of `aerogrid stac`, too, which is passed over.

    Raises:
        AerogridError: the only patrol is refused.
    """
    told: dict[Path, Told] = {}
    refused: dict[Path, str] = {}
    for patrol in patrols:
        if patrol.name == CATALOG and patrol.is_file():
            continue
        try:
            told[patrol] = do(patrol)
        except AerogridError as error:
            if len(patrols) == 1:
                raise
            refused[patrol] = str(error)
            console.warn(str(error))
    return told, refused
