"""The pages that the `type` of a problem document leads to."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from channels.errors import NotFound
from server.models.responses import ProblemMeaningOut
from server.problems import PROBLEMS, Problem
from server.routes.answers import json_response, open_router, problems
from server.routes.html import html_page, prose

router = open_router("Operation")


@router.get("/problems", include_in_schema=False)
async def list_problems(request: Request) -> Response:
    if not _wants_html(request):
        return json_response({"items": [_as_json(name, problem) for name, problem in PROBLEMS.items()]})
    items = "".join(
        f'<dt><a href="/problems/{name}">{problem.title}</a> ({problem.status})</dt><dd>{prose(problem.meaning)}</dd>'
        for name, problem in PROBLEMS.items()
    )
    return html_page("Problems", f"<h1>Problems</h1><dl>{items}</dl>")


@router.get(
    "/problems/{name}",
    summary="What a problem means",
    response_model=ProblemMeaningOut,
    responses=problems("not-found"),
)
async def get_problem(name: str, request: Request) -> Response:
    """A page for readers, JSON for programs."""
    problem = PROBLEMS.get(name)
    if problem is None:
        raise NotFound("there is no problem of this name")
    if not _wants_html(request):
        return json_response(_as_json(name, problem), headers={"Vary": "Accept"})
    page = html_page(
        problem.title,
        f'<h1>{problem.title}</h1><p class="status">HTTP {problem.status} · <code>{name}</code></p>'
        f"<dl><dt>What it means</dt><dd>{prose(problem.meaning)}</dd>"
        f"<dt>What to do</dt><dd>{prose(problem.remedy)}</dd></dl>"
        '<p><a href="/problems">All problems</a></p>',
    )
    page.headers["Vary"] = "Accept"
    return page


def _wants_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _as_json(name: str, problem: Problem) -> dict[str, Any]:
    return {
        "type": f"/problems/{name}",
        "title": problem.title,
        "status": problem.status,
        "meaning": problem.meaning,
        "remedy": problem.remedy,
    }
