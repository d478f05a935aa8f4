"""The documentation names files that there are, its links lead somewhere, and every page can be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.ground.server import PROJECT

ROOMS = ("server", "channels", "persistence", "web", "tests", "bench", "docs", ".ci")
BUILT = ("node_modules", "__pycache__", "server/page/")
FILE = re.compile(r"`([\w.-][\w./-]*\.(?:py|sql|md|tsx?|css|json|toml|lock))`")
FOLDER = re.compile(r"`((?:server|channels|persistence|web|tests|bench|docs)/(?:[\w.-]+/)*)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
DECISIONS = sorted(PROJECT.glob("docs/decisions/0*.md"))
INDEX = PROJECT / "docs" / "decisions" / "README.md"

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


@cache
def files() -> frozenset[str]:
    """Every file of ours, by its path from the project's folder, with a stroke before it."""
    found = (path for room in ROOMS for path in (PROJECT / room).rglob("*"))
    names = (f"/{path.relative_to(PROJECT)}" for path in (*found, *PROJECT.iterdir()))
    return frozenset(name for name in names if not any(part in name for part in BUILT))


def anchors(page: Path) -> set[str]:
    """The names by which links find the headings of a page."""
    headings = (heading.lower() for heading in HEADING.findall(page.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The links to places of ours: the file, and the heading in it if one is named."""
    for link in LINK.findall(page.read_text("utf-8")):
        if not re.match(r"[a-z]+:|/", link):
            path, _, anchor = link.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


@pages
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """By its whole path, or by the end of it where the page has said in which folder it is."""
    text = page.read_text("utf-8")
    missing = [name for name in FILE.findall(text) if not any(path.endswith(f"/{name}") for path in files())]
    missing += [name for name in FOLDER.findall(text) if name not in BUILT and not (PROJECT / name).is_dir()]
    assert not missing


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not [
        f"{path.name}#{anchor}"
        for path, anchor in links(page)
        if not path.exists() or (anchor and anchor not in anchors(path))
    ]


def test_the_decisions_are_numbered_and_listed_with_their_titles() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    titles = {path: path.read_text("utf-8").splitlines()[0].removeprefix("# ") for path in DECISIONS}
    rows = [f"| {path.name[:4]} | [{title}]({path.name}) |" for path, title in titles.items()]
    assert [line for line in INDEX.read_text("utf-8").splitlines() if line.startswith("| 0")] == rows


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    next_ones = {PROJECT / "README.md"}
    while next_ones:
        reached |= next_ones
        next_ones = {path for page in next_ones for path, _ in links(page) if path.suffix == ".md"} - reached
    assert set(PAGES) <= reached
