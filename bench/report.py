"""The table and what belongs to it, for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.goals import Line, judge, number
from bench.model import CORES, VIEWERS, capacity, costs_of
from bench.trials import Results

HEADS = ("what", "goal", "measured", "ratio", "verdict")
BEGIN = "<!-- measured: written by `make bench ARGS=--record` -->"
END = "<!-- end of measured -->"


def table(results: Results) -> str:
    """Goal, measured, ratio and verdict, as Markdown that reads well in a terminal."""
    return markdown(HEADS, ((*_cells(line),) for line in judge(results)))


def figures(results: Results) -> str:
    """The median of every number, by experiment and subject."""
    parts = []
    for experiment in dict.fromkeys(trial.experiment for trial in results.trials):
        subjects = dict.fromkeys(t.subject for t in results.trials if t.experiment == experiment)
        rows = {subject: found for subject in subjects if (found := results.medians(experiment, subject))}
        if not rows:
            parts.append(f"{experiment}: the machine was never quiet")
            continue
        names = list(dict.fromkeys(name for numbers in rows.values() for name in numbers))
        cells = ([subject, *(_cell(numbers.get(name)) for name in names)] for subject, numbers in rows.items())
        parts.append(f"{experiment}, {results.rounds(experiment)} rounds\n\n{markdown(['', *names], cells)}")
    return "\n\n".join(parts)


def model(results: Results) -> str:
    """Comments a second for more cores, by model."""
    costs = costs_of(results)
    if costs is None:
        return "Not measured yet."
    heads = ["cores", *(f"{viewers:,} viewers on each customer" for viewers in VIEWERS)]
    rows = []
    for cores in CORES:
        found = [capacity(costs, cores, viewers) for viewers in VIEWERS]
        rows.append([str(cores), *(f"{number(c.comments_per_s)} (Redis {c.redis_share:.0%} busy)" for c in found)])
    return markdown(heads, rows)


def block(results: Results) -> str:
    """The generated part of docs/performance.md."""
    machine = results.machine
    ground = (
        f"{machine.get('cores')} cores ({machine.get('processor')}), {machine.get('memory_gib')} GiB, "
        f"{machine.get('system')}, Python {machine.get('python')}, loopback."
    )
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results.versions.items()))
    missing = "".join(f"\nMissing: {name}: {why}." for name, why in sorted(results.missing.items()))
    return "\n".join(
        [
            BEGIN,
            table(results),
            "",
            f"{ground} {versions}.{missing}",
            "",
            "### More cores, by model",
            "",
            model(results),
            "",
            "### All medians",
            "",
            figures(results),
            END,
        ]
    )


def replace_block(page: str, results: Results) -> str:
    """The page with its generated part written anew."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("the page has no generated part")
    return before + block(results) + after


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [list(heads), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _cells(line: Line) -> tuple[str, ...]:
    return line.what, line.goal, line.measured, line.ratio, line.verdict.value


def _cell(value: float | None) -> str:
    return "–" if value is None else number(value)
