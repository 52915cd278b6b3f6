"""A bucket of a server on this machine, as programs find it by their environment."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3


@contextmanager
def bucket_at(url: str) -> Iterator[str]:
    """Make an empty bucket on a server and name the server in the environment meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "of-a-test",
            "AWS_SECRET_ACCESS_KEY": "of-a-test",
        }.items():
            patch.setenv(name, value)
        with urllib3.PoolManager() as http:
            assert http.request("PUT", f"{url}/land").status == 200
        yield "s3://land"
