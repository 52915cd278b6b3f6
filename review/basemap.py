"""Which pictures of the ground lie below the map of the district, where a district has any?"""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic.dataclasses import dataclass

from review.errors import BasemapError

_SIGNS = ("{z}", "{x}", "{y}")


@dataclass(frozen=True, slots=True)
class Basemap:
    """Tiles in Web Mercator, named by an address with {z}, {x} and {y}.

    Attributes:
        frame: of the tiles; those of most Chinese services are shifted by GCJ-02.
        credit: what the service asks to be shown.
    """

    url: str
    frame: Literal["wgs84", "gcj02"] = "wgs84"
    credit: str = ""

    def __post_init__(self) -> None:
        """Refuse an address that is none of tiles."""
        missing = [sign for sign in _SIGNS if sign not in self.url]
        if missing or not _is_web(self.url):
            raise BasemapError(
                f"basemap {self.url!r}: give the address of tiles with {', '.join(_SIGNS)}, such "
                "as https://tiles.example/{z}/{x}/{y}.png"
            )

    @property
    def origin(self) -> str:
        """Whom the page may ask for pictures because of it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def _is_web(url: str) -> bool:
    """Whether its host can stand in a content security policy, and is the same for each tile."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[\w.:-]+", parts.netloc))
