"""EDGE: open what the review page shows."""

from collections.abc import Iterator, Sequence
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
from review.holdings import Find, Holdings, PatrolPhotos
from review.patrolled import SeenGround
from review.photos import PhotoShelf


@dataclass(frozen=True, slots=True)
class ReviewSources:
    """Where everything that the page shows is found.

    Attributes:
        registry: path or SQLAlchemy URL.
        patrols: whose photos are shown.
        calendar: working calendar of the district; None for the shipped one.
        grid: cells of the district; None leaves the map without cells.
        zones: GeoPackage with one layer a kind; None where there is none.
        feedback: folder for the photos that officers take at the place; None keeps none.
        terrain: for photo outlines on the ground; None takes the ground as flat below each photo.
        find: gives patrols that come later; none do if not given.
    """

    registry: str | Path
    patrols: Sequence[PatrolPhotos]
    grid: Grid | None = None
    zones: Path | None = None
    rules: Path | None = None
    categories: Path | None = None
    calendar: Path | None = None
    terrain: Terrain | None = None
    feedback: Path | None = None
    find: Find = tuple


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
    seen: SeenGround
    terrain: Terrain | None = None
    feedback: Path | None = None


@contextmanager
def open_sources(sources: ReviewSources) -> Iterator[ReviewData]:
    """Open registry, alerts, rules and layers; the registry is closed at the end."""
    rulebook = load_rulebook(sources.rules, sources.categories)
    timetable = Timetable(load_calendar(sources.calendar))
    grid = sources.grid or Grid(())
    zones = read_zones(sources.zones) if sources.zones else NO_ZONES
    shelf = PhotoShelf(Holdings(sources.patrols, sources.find))
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
            SeenGround(shelf, sources.terrain),
            sources.terrain,
            sources.feedback,
        )
