"""Answers that are compressed where it pays."""

from starlette.datastructures import Headers


def takes_gzip(headers: Headers) -> bool:
    """Whether who asks takes gzip (RFC 9110, 12.5.3)."""
    for entry in headers.get("accept-encoding", "").lower().split(","):
        name, _, parameters = entry.partition(";")
        if name.strip() == "gzip":
            return not _refuses(parameters)
    return False


def _refuses(parameters: str) -> bool:
    """Whether a weight says: not at all."""
    name, _, weight = parameters.strip().partition("=")
    return name == "q" and weight.strip(" .0") == ""
