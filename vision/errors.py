"""Errors of reading photos, models and detections."""

from geo.errors import AerogridError


class VisionError(AerogridError):
    """A photo, model package or detection file that cannot be used."""


class PhotoError(VisionError):
    """One photo that cannot be read or located; a batch lists it and goes on."""


class ModelError(VisionError):
    """A model package that is missing, damaged or not what its manifest says."""
