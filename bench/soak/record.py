"""A soak's figures as a part of docs/faults.md. Pure."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.causing import FAULTS

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- written by make soak: begin -->", "<!-- written by make soak: end -->"


def recorded(page: str, figures: Mapping[str, Any]) -> str:
    """The page with these figures between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, "", *_summary(figures), "", *_table(figures), "", END + after])


def _summary(figures: Mapping[str, Any]) -> list[str]:
    totals: Mapping[str, int] = figures["totals"]
    quiet, troubled = figures["commit_to_last_viewer_ms"]["quiet"], figures["commit_to_last_viewer_ms"]["faults"]
    words = (
        f'`make soak ARGS="--seed {figures["seed"]}"` on {os.cpu_count()} processors: {figures["chapters"]} chapters,'
        f" {figures['seconds']:.0f} s, {totals['faults']:,} faults. {totals['writes']:,} commands in"
        f" {totals['attempts']:,} attempts, {totals['unknown']:,} of them without an answer;"
        f" {totals['deliveries']:,} deliveries of actions, {totals['notices']:,} of notices,"
        f" {totals['list messages']:,} messages of lists, which were read {totals['list reads']:,} times;"
        f" {totals['recoveries']:,} recoveries, no violation. From a commit until the last viewer had it:"
        f" {quiet['p50']:.0f} ms (p50), {quiet['p99']:.0f} ms (p99) while nothing was broken; {troubled['p50']:.0f} ms"
        f" and {troubled['p99']:.0f} ms where a fault came in between, the time that it lasted included."
    )
    return textwrap.wrap(words, 120, break_long_words=False, break_on_hyphens=False)


def _table(figures: Mapping[str, Any]) -> list[str]:
    times: Mapping[str, int] = figures["faults"]
    rows = [_row(kind, figures["repair_ms"][kind], times[kind]) for kind in FAULTS if kind in times]
    return ["| fault | viewers p50 / max | writers p50 / max | times |", "| --- | --- | --- | --- |", *rows]


def _row(kind: str, sides: Mapping[str, Any], times: int) -> str:
    shown = [
        f"{side['p50']:.0f} / {side['max']:.0f}" if side["count"] else "-"
        for side in (sides["viewers"], sides["writers"])
    ]
    return f"| {kind} | {shown[0]} | {shown[1]} | {sides['viewers']['count']} of {times} |"
