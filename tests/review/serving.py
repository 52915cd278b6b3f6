"""The real server in a thread of the test, and its stream of news read event by event."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from review.server import Server, listen


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve on a free port; gives the address, and ends as Ctrl-C does."""
    answers = threading.Event()
    with listen(0) as listener:
        server = Server(app, uvicorn.Config(app, log_level="warning"), answers.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert answers.wait(60), "the server did not begin to answer"
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive(), "the server did not end"


@contextmanager
def stream(
    address: str, path: str, headers: Mapping[str, str] | None = None
) -> Iterator[Iterator[dict[str, Any]]]:
    """Listen to server-sent events: `id`, `event` and `data` of each; comments are passed over."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        assert answer.headers.get_content_type() == "text/event-stream"
        yield _events(answer)
    finally:
        connection.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    told: dict[str, str] = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\n").partition(":")
        if name:
            told[name] = value.strip()
        elif not name and "data" in told:
            yield {**told, "data": json.loads(told["data"])}
            told = {}
