"""`/docs`: the API's documentation to read and to try, without any other host."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse

from channels.errors import NotFound

router = APIRouter(include_in_schema=False)

PACKAGE = "fastapi_offline"
"""Carries the files of Swagger UI; none of its code is run."""

FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API · Casewire</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<p><a href="/docs/realtime">Realtime: channels and calls</a></p>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
});
"""

# Swagger UI writes style attributes and carries its pictures as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/docs")
async def read_docs() -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js")
async def start_docs() -> Response:
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
async def get_docs_file(name: str) -> Response:
    folder = _folder()
    if name not in FILES or folder is None:
        raise NotFound("there is nothing at this address")
    return FileResponse(folder / name, media_type=FILES[name], headers={"Cache-Control": "public, max-age=86400"})


def _folder() -> Path | None:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "static"
