"""Errors of settings and of the patrol workspace."""

from collections.abc import Sequence
from pathlib import Path

from geo.errors import AerogridError


class PipelineError(AerogridError):
    """A stage that cannot run as asked."""


class NoUsablePhotoError(PipelineError):
    """None of the photos can be searched.

    Attributes:
        remarks: what is wrong, each with the photos of which it is said.
    """

    def __init__(self, folder: Path, count: int, remarks: Sequence[tuple[str, str]]) -> None:
        """Say which folder, how many photos and what is wrong with them."""
        self.remarks = tuple(remarks)
        listed = "".join(f"\n  {names}: {why}" for names, why in remarks)
        super().__init__(f"{folder}: none of the {count} photos is usable:{listed}")


class PhotoIndexError(PipelineError):
    """An index of photos that is not there, or cannot be read."""


class SettingsError(PipelineError):
    """A settings file that is missing, unreadable or holds a value that is not allowed."""


class MissingProductError(PipelineError):
    """A stage was asked for before the one that makes its input."""
