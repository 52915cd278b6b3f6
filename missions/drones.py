"""Which aircraft does aerogrid know, and what can they do."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from geo.camera import Camera
from missions.errors import MissionError
from missions.model import Autopilot, Drone


def drone_keys() -> list[str]:
    """Keys of all known aircraft, in the order of drones.toml."""
    return list(_library())


def drone_named(key: str) -> Drone:
    """Look an aircraft up by its key; MissionError with the known keys when there is none."""
    figures = _library().get(key)
    if figures is None:
        raise MissionError(f"no drone {key!r}; known are {', '.join(drone_keys())}")
    return _drone(key, figures)


def figure_sources(key: str) -> dict[str, str]:
    """Say where each figure of an aircraft comes from."""
    drone_named(key)
    return dict(_library()[key]["sources"])


def autopilot_named(key: str) -> Autopilot:
    """Look a flight controller up by its key; MissionError with the known keys if there is none."""
    figures = _read("autopilots.toml").get(key)
    if figures is None:
        known = ", ".join(_read("autopilots.toml"))
        raise MissionError(f"no autopilot {key!r}; known are {known}")
    return Autopilot(**{name: figure for name, figure in figures.items() if name != "sources"})


def autopilot_sources(key: str) -> dict[str, str]:
    """Say where each figure of a flight controller comes from."""
    autopilot_named(key)
    return dict(_read("autopilots.toml")[key]["sources"])


def _library() -> dict[str, dict[str, Any]]:
    return _read("drones.toml")


@cache
def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("missions").joinpath(name).read_text("utf-8"))


def _drone(key: str, figures: dict[str, Any]) -> Drone:
    focal_px = round(figures["focal_length_mm"] * 1000 / figures["pixel_pitch_um"], 3)
    camera = Camera.centred(figures["width_px"], figures["height_px"], focal_px)
    beside = ("width_px", "height_px", "autopilot", "sources")
    rest = {name: figure for name, figure in figures.items() if name not in beside}
    return Drone(key=key, camera=camera, autopilot=autopilot_named(figures["autopilot"]), **rest)
