"""The agents' page: what `web/` built, from memory. Browsers keep hashed files, and ask anew for the page itself."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.convertors import Convertor, register_url_convertor

from channels.errors import NotFound
from server.routes.html import html_page

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
ASSETS = "assets/"

KEPT = "public, max-age=31536000, immutable"
ASKED_ANEW = "no-cache"
COMPRESSED_FROM = 1024
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts, styles and connections from here alone."""

TEXTS = ("text/", "application/json", "application/manifest+json", "image/svg+xml")


class PagePath(Convertor[str]):
    """Paths that are the page's: all but those of the interfaces, whose unknown addresses stay unknown."""

    regex = r"(?!(?:api|connection|emulation|docs|problems|openapi\.json|livez|readyz|metrics)(?:/|$)).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is answered, compressed once (None: not worth it). `cache`: the header for browsers."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache: str


def load_page(folder: Path) -> Mapping[str, PageFile]:
    """The built files by their path; empty where nothing was built."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): _file(path, path.relative_to(folder).as_posix()) for path in paths}


def install(app: FastAPI, folder: Path = FOLDER) -> None:
    """Serves the page at `/` and, as it finds its way itself, at every path that is nothing else."""
    register_url_convertor("page", PagePath())
    files = load_page(folder)

    @app.api_route("/{path:page}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str, request: Request) -> Response:
        file = files.get(path)
        if file is not None:
            return _answer(file, request)
        if path.startswith(ASSETS) or "." in path.rpartition("/")[2]:
            raise NotFound("there is nothing at this address")
        if INDEX not in files:
            return html_page("Not built", NOT_BUILT, 404)
        return _answer(files[INDEX], request)


NOT_BUILT = (
    "<h1>The page is not built</h1><p>Run <code>make install</code>, then start the server again."
    ' The interface is here all the same: <a href="/docs">/docs</a>.</p>'
)


def _file(path: Path, name: str) -> PageFile:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    small = None
    if len(content) >= COMPRESSED_FROM and media_type.startswith(TEXTS):
        small = gzip.compress(content, mtime=0)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return PageFile(content, small, media_type, etag, KEPT if name.startswith(ASSETS) else ASKED_ANEW)


def _answer(file: PageFile, request: Request) -> Response:
    headers = {"Cache-Control": file.cache, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.media_type == "text/html":
        headers["Content-Security-Policy"] = POLICY
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = file.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=file.media_type)
