"""The plot of docs/performance.md: bars, as an SVG that reads on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.goals import number
from bench.trials import Results

WIDTH, LABELS, VALUES = 760, 150, 110
BAR, GAP, HEAD, SPACE = 18, 7, 34, 22


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one figure. `better` says in which direction."""

    title: str
    better: str
    experiment: str
    figure: str
    subjects: Sequence[tuple[str, str]]


FANOUT = (
    ("casewire", "Casewire"),
    ("bareloop", "bare C loop"),
    ("nchan", "Nchan + Redis"),
    ("centrifugo", "Centrifugo + Redis"),
    ("socketio", "Socket.IO + Redis"),
)
COMMENTS = (
    ("socket", "Casewire, socket"),
    ("viewers", "with 20 viewers"),
    ("http", "Casewire, HTTP"),
    ("pgbench", "pgbench alone"),
)
PANELS = (
    Panel("Fan-out: CPU µs per delivered, 10 messages/s to 1,000", "shorter is better", "fanout", "cpu_us", FANOUT),
    Panel("Fan-out at saturation: delivered/s to 1,000", "longer is better", "fanout", "saturated_per_s", FANOUT),
    Panel("Memory: KiB per idle, subscribed client", "shorter is better", "clients", "client_kib", FANOUT),
    Panel("Durable comments/s, 50 agents", "longer is better", "comments", "per_s", COMMENTS),
)


def plot(results: Results) -> str:
    """Panels below each other; a subject that was not measured has no bar."""
    y, parts = 6, []
    for panel in PANELS:
        bars = _bars(panel, results)
        if bars:
            parts += _panel(panel, bars, y)
            y += HEAD + len(bars) * (BAR + GAP) + SPACE
    style = (
        "text{font:13px system-ui,sans-serif;fill:#57606a}.t{font-weight:600}.o{fill:#2563eb}.p{fill:#8b949e}"
        "@media(prefers-color-scheme:dark){text{fill:#c9d1d9}.o{fill:#60a5fa}}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="Measurements">'
    return "\n".join([head, f"<style>{style}</style>", *parts, "</svg>", ""])


def _bars(panel: Panel, results: Results) -> list[tuple[str, str, float]]:
    found = []
    for subject, name in panel.subjects:
        value = (results.medians(panel.experiment, subject) or {}).get(panel.figure)
        if value is not None:
            found.append((subject, name, value))
    return found


def _panel(panel: Panel, bars: Sequence[tuple[str, str, float]], y: int) -> list[str]:
    room = WIDTH - LABELS - VALUES
    longest = max(value for _, _, value in bars) or 1
    parts = [f'<text x="0" y="{y + 15}"><tspan class="t">{escape(panel.title)}</tspan> ({panel.better})</text>']
    for row, (subject, name, value) in enumerate(bars):
        top = y + HEAD - 8 + row * (BAR + GAP)
        ours = subject == "casewire" or (panel.experiment == "comments" and subject != "pgbench")
        width = max(1, round(room * value / longest))
        parts += [
            f'<text x="{LABELS - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{"o" if ours else "p"}" x="{LABELS}" y="{top}" width="{width}" height="{BAR}" rx="2"/>',
            f'<text x="{LABELS + width + 6}" y="{top + 14}">{number(value)}</text>',
        ]
    return parts
