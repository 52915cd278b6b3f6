"""EDGE: open what the review page shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cases.accounts import Accounts
from cases.atlas import Atlas
from cases.looking import Looks
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.zone_files import read_zones
from cases.zones import NO_ZONES, Zones
from dispatch.news import News
from dispatch.outbox import Outbox
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from geo.grid import Grid
from geo.terrain import Terrain
from review.photos import PhotoShelf
from vision.model import Frame


@dataclass(frozen=True, slots=True)
class PatrolPhotos:
    """The photos of one patrol: the folder and what is known of each file in it."""

    patrol_id: str
    folder: Path
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ReviewSources:
    """Where everything that the page shows is found.

    Attributes:
        registry: path or SQLAlchemy URL.
        calendar: working calendar of the district; None for the shipped one.
        grid: cells of the district; None leaves the map without cells.
        zones: GeoPackage with one layer a kind; None where there is none.
        feedback: folder for the photos that officers take at the place; None keeps none.
        terrain: for photo outlines on the ground; None takes the ground as flat below each photo.
    """

    registry: str | Path
    patrols: tuple[PatrolPhotos, ...]
    grid: Grid | None = None
    zones: Path | None = None
    rules: Path | None = None
    categories: Path | None = None
    calendar: Path | None = None
    terrain: Terrain | None = None
    feedback: Path | None = None


@dataclass(frozen=True, slots=True)
class ReviewData:
    """Everything that the page shows, opened."""

    registry: Registry
    looks: Looks
    accounts: Accounts
    outbox: Outbox
    atlas: Atlas
    news: News
    rulebook: Rulebook
    timetable: Timetable
    grid: Grid
    zones: Zones
    photos: PhotoShelf
    terrain: Terrain | None = None
    feedback: Path | None = None


@contextmanager
def open_sources(sources: ReviewSources) -> Iterator[ReviewData]:
    """Open registry, alerts, rules and layers; the registry is closed at the end."""
    rulebook = load_rulebook(sources.rules, sources.categories)
    timetable = Timetable(load_calendar(sources.calendar))
    grid = sources.grid or Grid(())
    zones = read_zones(sources.zones) if sources.zones else NO_ZONES
    shelf = PhotoShelf(
        (patrol.patrol_id, patrol.folder, frame)
        for patrol in sources.patrols
        for frame in patrol.frames
    )
    with (
        Registry.open(sources.registry) as registry,
        Looks.open(sources.registry) as looks,
        Accounts.open(sources.registry) as accounts,
        Outbox.open(sources.registry) as outbox,
        Atlas.open(sources.registry) as atlas,
        News.open(sources.registry) as news,
    ):
        yield ReviewData(
            registry,
            looks,
            accounts,
            outbox,
            atlas,
            news,
            rulebook,
            timetable,
            grid,
            zones,
            shelf,
            sources.terrain,
            sources.feedback,
        )
