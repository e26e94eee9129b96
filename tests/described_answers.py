"""Holds answers to the OpenAPI document: status, media type, headers, and every member, none of them undescribed."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from api.openapi import document

PROBLEM_STATUSES = (404, 405)
"""Of any address: nothing there, another method."""
BREAKS = "breaks"
"""An extension of a request that is to fail for a fault of ours; no other may."""


async def hold_to_the_document(response: httpx.Response) -> None:
    """An httpx event hook: fails the test whose answer is not as described."""
    path = response.request.url.path
    assert (response.status_code == 500) is response.request.extensions.get(BREAKS, False), (
        f"{response.request.method} {path}: {response.status_code}"
    )
    if not path.startswith(("/api/", "/livez", "/readyz", "/openapi.json")):
        return
    described = operation(response.request.method, path)
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if media_type == "text/event-stream":
        assert str(response.status_code) in described["responses"]
        return
    await response.aread()
    if described is None or response.status_code in (405, 500):
        assert response.status_code in (*PROBLEM_STATUSES, 500), f"{response.request.method} {path} is not described"
        validator("Problem").validate(response.json())
        return
    where = f"{response.request.method} {path}"
    answer = described["responses"].get(str(response.status_code))
    assert answer is not None, f"{where}: {response.status_code} is not described: {response.text}"
    for name in answer.get("headers", {}):
        assert name in response.headers, f"{where}: {name} is missing"
    content = answer.get("content")
    if content is None:
        assert response.content == b"", f"{where}: {response.status_code} should be empty"
        return
    assert media_type in content, f"{where}: {media_type} is not described"
    if media_type.endswith("json"):
        problem = next(_validator(content[media_type]["schema"]).iter_errors(response.json()), None)
        assert problem is None, f"{where}: {problem}"


def operation(method: str, path: str) -> Any:
    for template, methods in _document()["paths"].items():
        if method.lower() in methods and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            # A fixed last part goes before a parameter there.
            fixed = _document()["paths"].get(path, {})
            return fixed.get(method.lower(), methods[method.lower()])
    return None


def validator(name: str) -> Any:
    return _validator({"$ref": f"#/components/schemas/{name}"})


@cache
def _document() -> dict[str, Any]:
    return document()


_validators: dict[str, Any] = {}


def _validator(schema: dict[str, Any]) -> Any:
    key = str(schema)
    if key not in _validators:
        whole = {**schema, "components": {"schemas": _closed(_document()["components"]["schemas"])}}
        _validators[key] = jsonschema_rs.validator_for(whole, validate_formats=True)
    return _validators[key]


def _closed(schema: Any) -> Any:
    """The schema with no room for members it does not name, where it names any: callers get room, we don't."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
