"""What is said about one customer: lines of one theme, in the order in which a case goes."""

from __future__ import annotations

from random import Random

from channels.customer import Status
from server.demo.content import Content, Lines

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

STAGES = {
    Status.NEW: "open",
    Status.OPEN: "open",
    Status.IN_PROGRESS: "work",
    Status.WAITING: "wait",
    Status.RESOLVED: "done",
    Status.CLOSED: "done",
}


class Story:
    """`who`: the first name of the customer's contact."""

    def __init__(self, random: Random, content: Content, who: str) -> None:
        self._random = random
        self._content = content
        self._who = who
        self._begin()

    def _begin(self) -> None:
        """A theme with its details. A long case takes up another one when everything was said."""
        random = self._random
        self._theme = self._content.themes[random.choice(tuple(self._content.themes))]
        self._left: dict[str, list[str]] = {}
        self._details: dict[str, object] = {
            "who": self._who,
            "inv": f"INV-{random.randrange(20_000, 99_999)}",
            "amt": f"{random.randrange(1_200, 240_000) / 100:.2f}",
            "day": random.choice(DAYS),
            "n": random.randrange(3, 40),
            "term": f"T-{random.randrange(1_000, 9_999)}",
            "code": f"{random.choice('ABCDEFGHKMNPR')}{random.randrange(100_000, 999_999)}",
        }

    def comment(self, status: Status) -> str:
        """The next line that fits the state of the case. Whoever opens it says first what it is about."""
        stage = STAGES[status]
        if stage == "open" and "open" in self._left:
            stage = "work"
        return self._next(stage)

    def reply(self) -> str:
        """An answer to somebody else's comment."""
        return self._filled(self._random.choice(self._content.anything["reply"]))

    def mention(self, username: str) -> str:
        """A line that calls a colleague."""
        line = self._random.choice(self._content.anything["mention"])
        return line.format(agent=username, **self._details)

    def edited(self, body: str) -> str:
        """What a comment becomes when its author changes it."""
        line = self._random.choice(self._content.anything["edited"])
        return line.format(body=body, **self._details)

    def _next(self, stage: str) -> str:
        if stage not in self._left:
            self._left[stage] = self._shuffled(self._theme[stage], self._content.anything[stage])
        if not self._left[stage]:
            self._begin()
            return self._next(stage)
        return self._filled(self._left[stage].pop())

    def _shuffled(self, own: Lines, others: Lines) -> list[str]:
        """The theme's own lines come first; lists are used up from their end."""
        first, then = list(own), self._random.sample(others, 2)
        self._random.shuffle(first)
        return then + first

    def _filled(self, line: str) -> str:
        return line.format_map(self._details)
