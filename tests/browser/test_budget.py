"""What the first view costs on the wire."""

from __future__ import annotations

import re

from server.page import FOLDER, load_page

BUDGET = 170_000
"""Bytes of script, compressed as they are served: 200 KB are promised, the rest is for what comes."""


def test_the_first_view_loads_little_script() -> None:
    files = load_page(FOLDER)
    wanted = set(re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', files["index.html"].content.decode()))
    assert wanted, "the page has no script: run make install"
    todo = list(wanted)
    while todo:  # scripts that import others at once; those that come later are called `import("…")`
        source = files[todo.pop()].content.decode()
        for name in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', source):
            if (path := f"assets/{name}") not in wanted:
                wanted.add(path)
                todo.append(path)
    sizes = {path: len(files[path].compressed or files[path].content) for path in wanted}
    assert sum(sizes.values()) <= BUDGET, sizes
