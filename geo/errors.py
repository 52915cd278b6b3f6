"""The root of all errors that aerogrid explains to its user."""


class AerogridError(Exception):
    """Something the user can understand and mend; its message says how."""


class GeoError(AerogridError):
    """A problem with coordinates, terrain, a pose or grid cells."""


class CrsError(GeoError):
    """A file without a usable coordinate reference system."""


class GridError(GeoError):
    """A grid file that cannot be used: empty, broken or with duplicate codes."""


class TerrainError(GeoError):
    """A place that the terrain model does not cover, or a model that cannot be read."""


class OutsideError(TerrainError):
    """A raster that lies somewhere else than the area asked for."""
