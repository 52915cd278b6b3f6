"""Errors of the review page and its server."""

from geo.errors import AerogridError


class ReviewError(AerogridError):
    """A problem of the review page."""


class UnknownPhotoError(ReviewError):
    """A photo that no patrol of this page holds, or whose file is gone."""


class UnknownLayerError(ReviewError):
    """A map layer that the page does not have."""


class UnknownFeatureError(ReviewError):
    """A feature that a collection does not have."""


class FeatureQueryError(ReviewError):
    """A window or span of time that cannot be read."""


class DecisionError(ReviewError):
    """A decision that says too little to be kept."""


class PortError(ReviewError):
    """A port that cannot be listened on."""
