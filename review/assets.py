"""EDGE: the page's own files, each compressed once, and what its browser may keep."""

import gzip
import hashlib
import os
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.types import Scope

from review.compression import takes_gzip

_KEPT = "public, max-age=31536000, immutable"
_ASKED_AGAIN = "no-cache"
_TEXT = (".css", ".html", ".js", ".svg", ".txt")


class _Packed(NamedTuple):
    content: bytes
    version: str


class Assets(StaticFiles):
    """The built files of a folder.

    Whoever names the content that is wanted (`?v=`, the beginning of its SHA-256, as the pages do)
    need never ask for it again; everything else is asked for again each time, and sent if changed.
    """

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with a file, compressed for who takes that; 304 to who has it already."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        if not str(full_path).endswith(_TEXT):
            return answer
        packed = _pack(os.fspath(full_path), stat_result.st_mtime_ns)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        answer.headers["Cache-Control"] = _KEPT if asked == packed.version else _ASKED_AGAIN
        answer.headers["Vary"] = "Accept-Encoding"
        if answer.status_code != 200 or not takes_gzip(Headers(scope=scope)):
            return answer
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        headers["etag"] = f"W/{headers['etag']}"  # other bytes, the same content
        del headers["content-length"]
        return Response(packed.content, status_code, headers)


@lru_cache(maxsize=64)
def _pack(path: str, _mtime_ns: int) -> _Packed:
    """Compress a file, and name its content; again once it was changed."""
    with open(path, "rb") as file:
        content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    return _Packed(gzip.compress(content, 9, mtime=0), digest[:16])
