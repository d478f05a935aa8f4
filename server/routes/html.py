"""Small pages of our own, without scripts, styled by one sheet whose hash is all that their policy allows."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from fastapi.responses import HTMLResponse

STYLE = """
body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:10vh auto;padding:0 1.5rem;color:#1d2433;background:#fff}
h1{font-size:1.6rem;margin-bottom:.2rem}.status{color:#5b6474;margin-top:0}code{background:#eef1f6;border-radius:4px;
padding:.1em .35em}a{color:#1f5fd0}dt{font-weight:600;margin-top:1rem}dd{margin:0}
@media (prefers-color-scheme:dark){body{color:#e6e9f0;background:#12151c}.status{color:#9aa4b5}code{background:#222836}
a{color:#86b2ff}}
"""

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def html_page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """`title` is text, `body` is HTML."""
    content = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Casewire</title>'
        '<meta name="viewport" content="width=device-width">'
        '<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
    return HTMLResponse(content, status, {"Content-Security-Policy": POLICY})


def prose(text: str) -> str:
    """Text as HTML, what stands in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
