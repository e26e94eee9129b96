"""Whether a caller has an answer already."""

from hashlib import sha256

from starlette.requests import Request


def tag_of(content: bytes) -> str:
    """The entity tag of what an answer is made from."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the request names the tag in If-None-Match: 304 is then the whole answer."""
    # A proxy that compresses makes a tag weak; it is the same answer.
    known = (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
    return tag in known
