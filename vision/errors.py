"""Errors of reading photos, models and detections."""

from pathlib import Path

from geo.errors import AerogridError


class VisionError(AerogridError):
    """A photo, model package or detection file that cannot be used."""


class PhotoError(VisionError):
    """One photo that cannot be read or located; a batch lists it and goes on."""


class ChangedPhotoError(PhotoError):
    """A photo file that is no longer the one whose hash was kept."""

    def __init__(self, path: Path, found: str, kept: str) -> None:
        self.path, self.found, self.kept = path, found, kept
        super().__init__(
            f"{path}: is another file than the one that was read (its SHA-256 is {found[:12]}..., "
            f"it was {kept[:12]}...)"
        )


class ModelError(VisionError):
    """A model package that is missing, damaged or not what its manifest says."""
