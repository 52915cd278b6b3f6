"""Buckets of stores that are not Amazon's, on loopback, as programs find them.

Google's XML API is S3's for what is asked here, so an S3 server (moto) stands in for it, behind
the header that Google's clients send; it shares the buckets of other such servers of one process.
Azurite is Microsoft's own stand-in for its blob storage.
"""

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

_OF_S3 = (
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, "
    "Signature=0"
)
_ACCOUNT = "devstoreaccount1"
_KEY = (  # of Azurite, the same everywhere: learn.microsoft.com, "Use the Azurite emulator"
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@contextmanager
def google_bucket(folder: Path) -> Iterator[str]:
    """A bucket as `gs://` reaches it."""
    moto = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["HTTP_AUTHORIZATION"] = _OF_S3
        said: Iterable[bytes] = moto(environ, start)
        return said

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        _ask("PUT", f"{url}/fields", {}, 200)
        account = {"gcs_base_url": url, "disable_oauth": True}
        account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        (folder / "account.json").write_text(json.dumps(account))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GOOGLE_SERVICE_ACCOUNT", str(folder / "account.json"))
            yield "gs://fields"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def azure_container(folder: Path) -> Iterator[str]:
    """A container as `az://` reaches it; skips where Azurite is not installed."""
    azurite = shutil.which("azurite-blob")
    if azurite is None:
        pytest.skip("Azurite is not installed (npm install azurite)")
    with subprocess.Popen(
        [azurite, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence",
         "--skipApiVersionCheck", "--disableTelemetry"],
        cwd=folder, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            told = (re.search(r"listens on (http://\S+)", line) for line in server.stdout)
            url = next(found[1] for found in told if found)
            _make_container(url)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AZURE_STORAGE_ACCOUNT_NAME", _ACCOUNT)
                patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", _KEY)
                patch.setenv("AZURE_STORAGE_ENDPOINT", f"{url}/{_ACCOUNT}")
                patch.setenv("AZURE_ALLOW_HTTP", "true")
                yield "az://land"
        finally:
            server.terminate()


def _make_container(url: str) -> None:
    """Ask by a shared key, as "Authorize with Shared Key" of Microsoft's REST reference has it."""
    told = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in told.items())]
    lines += [f"/{_ACCOUNT}/{_ACCOUNT}/land", "restype:container"]
    signed = hmac.new(base64.b64decode(_KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
    told["Authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(signed).decode()}"
    _ask("PUT", f"{url}/{_ACCOUNT}/land?restype=container", told, 201)


def _ask(method: str, url: str, headers: dict[str, str], status: int) -> None:
    with urllib3.PoolManager() as http:
        assert http.request(method, url, headers=headers).status == status
