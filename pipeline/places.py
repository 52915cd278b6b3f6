"""EDGE: files of a campaign that lie in an object store: s3, gs or az.

A URL stands as a relative path, its scheme first: `s3://bucket/a` is `s3/bucket/a`. Below any
folder of this machine such paths lie to each other as the objects do, so what names another by a
relative path stays right when it is copied.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import rasterio

from geo.errors import TerrainError
from geo.raster import write_reference
from pipeline.errors import PipelineError, SettingsError

SCHEMES = ("s3", "gs", "az")
Stamp = tuple[int, str]
"""Size of a file, and what changes with it: the time of its last change, or the store's tag."""


def place_of(text: str, folder: Path) -> Path:
    """Where a path or URL leads; a relative path begins at a folder.

    >>> place_of("s3://photos/june", Path("/srv")), place_of("june", Path("/srv"))
    (PosixPath('s3/photos/june'), PosixPath('/srv/june'))

    Raises:
        SettingsError: of a URL of another kind.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return folder / text
    if scheme == "file":
        return Path("/" + rest.lstrip("/"))
    if scheme not in SCHEMES or not rest.strip("/"):
        listed = ", ".join(f"{known}://" for known in ("file", *SCHEMES))
        raise SettingsError(f"{text}: is no place that can be reached; give a path or {listed}")
    return Path(scheme, *PurePosixPath(rest.strip("/")).parts)


def is_away(place: Path) -> bool:
    """Whether a place lies in an object store."""
    return not place.is_absolute()


def url_of(place: Path) -> str:
    """Name a place as it was given.

    >>> url_of(Path("s3/photos/june"))
    's3://photos/june'
    """
    return f"{place.parts[0]}://{'/'.join(place.parts[1:])}" if is_away(place) else str(place)


def stamps_below(place: Path) -> dict[str, Stamp]:
    """Files at a place or below it, by their paths from there; of a file `.`, if it is there."""
    if is_away(place):
        with _store(place) as (files, name):
            found = files.find(name, detail=True)
            if list(found) == [name]:  # of a single file `find` tells the name alone
                found = {name: files.info(name)}
        return {
            PurePosixPath(path).relative_to(name).as_posix(): (told["size"], str(told["e_tag"]))
            for path, told in sorted(found.items())
        }
    below = sorted(place.rglob("*")) if place.is_dir() else [place]
    files = [path for path in below if path.is_file()]
    return {path.relative_to(place).as_posix(): _stamp(path) for path in files}


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_size, str(found.st_mtime_ns)


def fetch(place: Path, folder: Path) -> None:
    """Copy a file, or all below a place, to where it belongs below a folder; it may be gone."""
    with _store(place) as (files, name):
        for path in files.find(name):
            target = folder / place / PurePosixPath(path).relative_to(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            files.get_file(path, str(target))


def refer(place: Path, folder: Path) -> None:
    """Let a raster be read part by part where a copy of it would lie below a folder.

    Of stores other than S3 it is copied; `by_parts` has to be open while it is read.
    """
    if place.parts[0] != "s3":
        fetch(place, folder)
        return
    try:
        write_reference(f"/vsis3/{'/'.join(place.parts[1:])}", folder / place)
    except TerrainError as error:
        raise PipelineError(f"{url_of(place)}: cannot be read as a raster ({error})") from error


@contextmanager
def by_parts() -> Iterator[None]:
    """Tell GDAL for a while what the usual variables say of S3; what changes there is seen."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    named = {
        "AWS_S3_ENDPOINT": endpoint.netloc,
        "AWS_HTTPS": "NO" if endpoint.scheme == "http" else "YES",
        "AWS_VIRTUAL_HOSTING": "FALSE",
    }
    with rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
        CPL_VSIL_CURL_NON_CACHED="/vsis3/",
        **(named if endpoint.netloc else {}),
    ):
        yield


def read(place: Path) -> bytes | None:
    """Content of an object; None where there is none."""
    with _store(place) as (files, name):
        try:
            content: bytes = files.cat_file(name)
        except FileNotFoundError:
            return None
        return content


def write(place: Path, content: bytes) -> None:
    """Write an object; others see the whole of it or nothing."""
    with _store(place) as (files, name):
        files.pipe_file(name, content)


def remove(place: Path) -> None:
    """Remove an object, if it is there."""
    with _store(place) as (files, name):
        if files.exists(name):
            files.rm_file(name)


@contextmanager
def _store(place: Path) -> Iterator[tuple[Any, str]]:
    """The store of a place as fsspec has it, and the place's name in it; tells its errors."""
    try:
        import fsspec
        from obstore.exceptions import BaseError
        from obstore.fsspec import register
    except ModuleNotFoundError as error:
        raise PipelineError(
            f"{url_of(place)}: needs {error.name}, which is not installed: "
            "pip install 'aerogrid[storage]'"
        ) from error
    register(place.parts[0])
    try:
        files, name = fsspec.core.url_to_fs(url_of(place))
        yield files, name
    except (BaseError, OSError) as error:
        said = str(error).partition("\n")[0]
        hint = "" if "AWS_ENDPOINT_URL" in os.environ or place.parts[0] != "s3" else _HINT
        raise PipelineError(f"{url_of(place)}: cannot be reached ({said}).{hint}") from error


_HINT = " A store that is not Amazon's is named by AWS_ENDPOINT_URL."
