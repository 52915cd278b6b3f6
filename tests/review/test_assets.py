"""The page's own files: compressed once, kept by browsers only under the name of their content."""

import gzip
import hashlib
import re

import pytest
from fastapi.testclient import TestClient

from cases.lifecycle import Role
from cases.people import DISTRICT, Account
from review.admission import NOBODY, Visitor
from review.app import STATIC
from review.beginning import asked_first

BUILT = ["/static/app.js", "/static/app.css", "/static/maps.js", "/static/command.js"]


def raw(client: TestClient, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a file, and leave it as it was sent."""
    with client.stream("GET", path, headers=headers) as answer:
        return answer.status_code, dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", BUILT)
def test_a_file_is_the_same_compressed_and_not(client: TestClient, path: str):
    content = (STATIC / path.rpartition("/")[2]).read_bytes()
    _, plain, sent = raw(client, path, **{"accept-encoding": "identity"})
    assert (sent, "content-encoding" in plain) == (content, False)
    _, packed, sent = raw(client, path, **{"accept-encoding": "br, gzip"})
    assert packed["content-encoding"] == "gzip"
    assert (gzip.decompress(sent), len(sent)) == (content, int(packed["content-length"]))
    assert packed["vary"] == plain["vary"] == "Accept-Encoding"
    assert raw(client, path, **{"accept-encoding": "gzip;q=0"})[1].keys() == plain.keys()


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_is_not_sent_again_to_who_has_it(client: TestClient, encoding: str):
    first = client.get("/static/app.js", headers={"accept-encoding": encoding})
    known = {"accept-encoding": encoding, "if-none-match": first.headers["etag"]}
    again = client.get("/static/app.js", headers=known)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("page", ["/", "/command"])
def test_the_pages_name_the_content_of_their_files(client: TestClient, page: str):
    named = dict(
        re.findall(r'"(/static/\w+\.(?:js|css))\?v=([0-9a-f]{16})"', client.get(page).text)
    )
    assert len(named) == 2
    script = (STATIC / "app.js").read_text(encoding="utf-8")
    named |= dict(re.findall(r'"(/static/maps\.js)\?v=([0-9a-f]{16})"', script))
    assert "/static/maps.js" in named
    for path, version in named.items():
        content = (STATIC / path.rpartition("/")[2]).read_bytes()
        assert version == hashlib.sha256(content).hexdigest()[:16]
        kept = client.get(f"{path}?v={version}").headers["cache-control"]
        assert "immutable" in kept
        for other in (path, f"{path}?v=0123456789abcdef"):
            assert client.get(other).headers["cache-control"] == "no-cache"


def person(*roles: Role) -> Visitor:
    return Visitor(Account(name="a", display_name="A", roles=roles, area=DISTRICT))


@pytest.mark.parametrize(
    ("visitor", "stages"),
    [
        (Visitor(), ["stage=reported"]),
        (person(Role.INSPECTOR), ["stage=reported"]),
        (person(Role.ADMINISTRATOR), ["stage=reported"]),
        (person(Role.OFFICER), ["stage=assigned&stage=handling"]),
        (person(Role.COMMAND), ["stage=fed_back", "stage=established"]),
        (person(Role.OPERATOR), [""]),
        (person(Role.COMMAND, Role.INSPECTOR), []),
    ],
)
def test_the_first_list_is_that_of_the_role(visitor: Visitor, stages: list[str]):
    asked = asked_first(visitor)
    assert asked[:3] == ["/api/session", "/api/vocabulary", "/api/summary"]
    assert asked[3:] == [f"/api/cases?limit=100&{stage}".rstrip("&") for stage in stages]


def test_nothing_is_asked_for_before_the_sign_in():
    assert asked_first(NOBODY) == []


def test_what_is_named_to_the_browser_can_be_asked_for(client: TestClient):
    page = client.get("/")
    assert page.headers["vary"] == "Cookie"
    named = re.findall(r"<([^>]+)>; rel=preload; as=fetch; crossorigin", page.headers["link"])
    assert len(named) == 4
    assert [client.get(path).status_code for path in named] == [200] * 4
