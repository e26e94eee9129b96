"""The OpenAPI 3.1 document, made of the models that parse bodies and the types that answers are held to."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from api import answers, operations
from api.admin import operations as admin
from api.auth import cookie_name
from api.operations import CALLER, CSV, EVENTS, JSON, OPENMETRICS, PATH_PARAMETERS, TEXT_FORMAT, Operation
from api.problems import PROBLEM_JSON

REF = "#/components/schemas/{model}"
TEXTUAL = (CSV, EVENTS, OPENMETRICS, TEXT_FORMAT)


async def show(request: Request) -> Response:
    """GET /openapi.json."""
    content, tag = _written(request.scope.get("root_path", ""))
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=JSON, headers=headers)


@cache
def _written(root: str) -> tuple[bytes, str]:
    content = json.dumps(document(root), ensure_ascii=False, separators=(",", ":")).encode()
    return content, f'"{sha256(content).hexdigest()[:32]}"'


def document(root: str = "") -> dict[str, Any]:
    """The whole document, made anew. root: the path before the service's own."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in (*operations.OPERATIONS, *admin.OPERATIONS):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backtests",
            "version": version("pgqueue"),
            "description": "Runs trading-strategy backtests and shows their progress live.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": root or "/"}],
        "security": [{"bearer": []}, {"cookie": []}, {"secureCookie": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a JWT where set up."},
                "cookie": _cookie(https=False),
                "secureCookie": _cookie(https=True),
            },
        },
    }


def _cookie(*, https: bool) -> dict[str, str]:
    where = "behind https" if https else "over plain http"
    return {
        "type": "apiKey",
        "in": "cookie",
        "name": cookie_name(https=https),
        "description": f"A session of a page {where}, begun by POST /api/session; it acts only from that page.",
    }


class _Schemas:
    """Schemas by name, filled as operations refer to them."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}

    def of(self, model: Any) -> dict[str, Any]:
        """A type's schema, or a schema as it is; what it names is kept."""
        whole = dict(model) if isinstance(model, Mapping) else TypeAdapter(model).json_schema(ref_template=REF)
        self.named |= {name: _untitled(schema) for name, schema in whole.pop("$defs", {}).items()}
        name = getattr(model, "__name__", "dict")
        schema: dict[str, Any] = _untitled(whole)
        if isinstance(model, Mapping) or name == "dict":
            return schema
        self.named[name] = schema
        return {"$ref": REF.format(model=name)}


def _untitled(schema: Any) -> Any:
    """Without the titles that are members' names over again."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _untitled(value) for name, value in schema.items() if not (name == "title" and isinstance(value, str))
    }


def _described(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _operation_id(operation),
        "summary": operation.summary,
        "tags": [operation.path.removeprefix("/api/").split("/")[0]],
        "responses": _responses(operation, schemas),
    }
    if parameters := list(_parameters(operation)):
        described["parameters"] = parameters
    if operation.is_public:
        described["security"] = []
    if operation.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(operation.body)}
        if operation.examples:
            content["examples"] = {name: {"value": value} for name, value in operation.examples.items()}
        described["requestBody"] = {"required": operation.needs_body, "content": {JSON: content}}
    return described


def _operation_id(operation: Operation) -> str:
    words = re.findall(r"[A-Za-z]+", operation.path.removeprefix("/api"))
    return operation.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
    for place, named in (("query", operation.query), ("header", operation.headers)):
        for name, schema in (named or {}).items():
            yield {"name": name, "in": place, "required": False, "schema": schema}


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, given in operation.gives.items():
        responses[str(status)] = {"description": HTTPStatus(status).phrase} | _content(given, schemas)
    if operation.answers_with:
        first = next(iter(responses.values()))
        first["headers"] = {name: {"required": True, "schema": {"type": "string"}} for name in operation.answers_with}
    refusals = operation.refuses if operation.is_public else (*operation.refuses, *CALLER)
    problem = schemas.of(answers.Problem)
    for status in sorted(set(refusals)):
        refused = {"description": HTTPStatus(status).phrase}
        responses[str(status)] = refused | {"content": {JSON: {"schema": problem}, PROBLEM_JSON: {"schema": problem}}}
    return dict(sorted(responses.items()))


def _content(given: Any, schemas: _Schemas) -> dict[str, Any]:
    if given is None:
        return {}
    several = given if isinstance(given, tuple) else (given,)
    content: dict[str, Any] = {text: {"schema": {"type": "string"}} for text in several if text in TEXTUAL}
    if types := [schemas.of(each) for each in several if each not in TEXTUAL]:
        content[JSON] = {"schema": types[0] if len(types) == 1 else {"anyOf": types}}
    return {"content": content}
