"""What do people of an area see of all that the page has?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import shapely

from cases.people import DISTRICT, Area
from cases.zones import Zones
from geo.grid import Grid
from review import presenters
from review.sources import ReviewData


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown to people of one area; `layers` are GeoJSON as it is sent."""

    data: ReviewData
    layers: Mapping[str, bytes]


class Walls:
    """What is shown to people of each area, made once for each."""

    def __init__(self, data: ReviewData) -> None:
        """Take all that there is."""
        self._data = data
        self._shown = {DISTRICT: _shown(data)}

    @property
    def everything(self) -> ReviewData:
        """All that the page has, whoever asks."""
        return self._data

    def within(self, area: Area) -> Shown:
        """What people of an area see: its cases, its cells, and the zones around them."""
        if area not in self._shown:
            self._shown[area] = _shown(_limited(self._data, area))
        return self._shown[area]


def _limited(data: ReviewData, area: Area) -> ReviewData:
    cells = [cell for cell in data.grid if area.holds(cell.town, cell.village)]
    return replace(
        data,
        registry=data.registry.within(area),
        looks=data.looks.within(area),
        outbox=data.outbox.within(area),
        atlas=data.atlas.within(area),
        news=data.news.within(area),
        grid=Grid(cells),
        zones=_zones_of(data.zones, cells=Grid(cells)),
    )


def _zones_of(zones: Zones, cells: Grid) -> Zones:
    """Zones as far as they touch a cell; a layer stays known where nothing of it is left."""
    ground = shapely.union_all([cell.boundary for cell in cells])
    shapely.prepare(ground)
    return Zones(
        {
            layer: [polygon for polygon in polygons if ground.intersects(polygon)]
            for layer, polygons in zones.layers.items()
        }
    )


def _shown(data: ReviewData) -> Shown:
    layers = {
        "cells": presenters.cells_layer(data.grid),
        "zones": presenters.zones_layer(data.zones),
    }
    sent = {name: json.dumps(layer, ensure_ascii=False).encode() for name, layer in layers.items()}
    return Shown(data, sent)
