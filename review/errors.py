"""Errors of the review page and its server."""

from geo.errors import AerogridError


class ReviewError(AerogridError):
    """A problem of the review page."""


class OpenIdError(ReviewError):
    """A provider whose word on who somebody is cannot be had or proved."""


class ProviderAwayError(OpenIdError):
    """A provider that does not answer now; the same may go well later."""


class ReflyError(ReviewError):
    """Gaps that cannot be planned from this page."""


class NoAirspaceError(ReflyError):
    """Gaps on a page that knows no airspace."""

    def __init__(self) -> None:
        super().__init__(
            "the page knows no airspace, so nothing is planned here: serve with --airspace FILE "
            "(and --obstacles), or run `aerogrid plan --refly` with them"
        )


class NoGapsError(ReflyError):
    """A sortie whose cells have no gaps."""

    def __init__(self, sortie: str, seen_by: int) -> None:
        super().__init__(f"{sortie}: every place is in {seen_by} photos or more")


class UnknownAccountError(ReviewError):
    """An account that there is not."""


class UnknownTokenError(ReviewError):
    """A token that there is not, or that is somebody else's."""


class OwnAccountError(ReviewError):
    """A change of one's own account that another has to make."""


class ControlFileError(ReviewError):
    """A file of cases with a known answer that cannot be used."""


class UnknownPhotoError(ReviewError):
    """A photo that no patrol of this page holds, or whose file is gone."""


class MissingPhotoError(UnknownPhotoError):
    """A photo whose file is not there, or that is none of the asking person's area."""

    def __init__(self, patrol_id: str, photo_id: str) -> None:
        super().__init__(
            f"photo {photo_id!r} of patrol {patrol_id!r} is not in the photo folder; "
            "put the file back or serve the patrol it belongs to"
        )


class UnknownLayerError(ReviewError):
    """A map layer that the page does not have."""


class UnknownFeatureError(ReviewError):
    """A feature that a collection does not have."""


class PhotoSearchError(ReviewError):
    """A search for photos whose index cannot be read at the moment."""


class FeatureQueryError(ReviewError):
    """A window or span of time that cannot be read."""


class DecisionError(ReviewError):
    """A decision that says too little to be kept."""


class UnversionedError(ReviewError):
    """A decision that does not say which version of the case was seen."""


class ChangedCaseError(ReviewError):
    """A decision on a version of the case, by its ETag, that it has no more."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"the case is at version {version} now, not at the one of If-Match; look at it again"
        )
        self.version = version


class UploadError(ReviewError):
    """A photo that is not kept."""


class NoPhotosError(UploadError):
    """A photo for a page that keeps none."""

    def __init__(self) -> None:
        super().__init__("this page keeps no photos; serve a patrol's folder with `aerogrid serve`")


class NoJpegError(UploadError):
    """A file that is no whole JPEG."""


class PhotoSizeError(UploadError):
    """A photo of too many or too few pixels."""


class ActorError(ReviewError):
    """A change that nobody signs."""


class NotAllowedError(ReviewError):
    """Something that this person, or the token that acts for them, may not do."""


class OldPasswordError(NotAllowedError):
    """A change of one's own password with another one than the present."""

    def __init__(self) -> None:
        super().__init__("the present password is another; try again")


class FullError(ReviewError):
    """More pages listen for news than the server has room for."""


class PeriodError(ReviewError):
    """A period that there are no figures of."""


class BasemapError(ReviewError):
    """A base map that no page can show."""


class PortError(ReviewError):
    """A port that cannot be listened on."""
