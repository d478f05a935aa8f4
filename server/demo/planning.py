"""What is to happen to each example customer: who has it, how far it got, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from channels.agent import Agent
from channels.customer import Priority, Status
from server.demo.case import TALK, Plan, Step, Update
from server.demo.content import Content

DAY = 86_400.0

# By status: how many customers of a hundred are in it, and how many days ago the youngest and the oldest began.
STATUSES = {
    Status.NEW: (6, 0.02, 4.0),
    Status.OPEN: (20, 0.2, 15.0),
    Status.IN_PROGRESS: (24, 1.0, 40.0),
    Status.WAITING: (16, 2.0, 60.0),
    Status.RESOLVED: (12, 5.0, 150.0),
    Status.CLOSED: (22, 20.0, 420.0),
}

# The ways to a status, each as what it passes; a shorter one comes more often.
PATHS: dict[Status, Sequence[Sequence[Status]]] = {
    Status.NEW: [()],
    Status.OPEN: [()],
    Status.IN_PROGRESS: [(), (), (Status.OPEN,)],
    Status.WAITING: [(Status.IN_PROGRESS,), (Status.IN_PROGRESS,), (), (Status.OPEN, Status.IN_PROGRESS)],
    Status.RESOLVED: [(Status.IN_PROGRESS,), (), (Status.IN_PROGRESS, Status.WAITING)],
    Status.CLOSED: [(Status.IN_PROGRESS,), (), (Status.IN_PROGRESS, Status.RESOLVED)],
}

PRIORITIES = (Priority.LOW,) * 3 + (Priority.NORMAL,) * 12 + (Priority.HIGH,) * 4 + (Priority.URGENT,)
PLANS = ("starter", "team", "team", "gold", "gold", "enterprise")
CITIES = (
    "Aarhus",
    "Bilbao",
    "Bristol",
    "Cork",
    "Gdańsk",
    "Ghent",
    "Graz",
    "Leeds",
    "Lyon",
    "Porto",
    "Turin",
    "Utrecht",
)


@dataclass(frozen=True, slots=True)
class Outline:
    """A customer's end state: whose it is and how far it got. `fame` is its share of the talk."""

    number: int
    assignee: Agent | None
    status: Status
    archived: bool
    fame: float


class Planner:
    """Plans with one source of chance, so that the same seed gives the same customers. `now`: seconds since 1970."""

    def __init__(self, random: Random, content: Content, now: float) -> None:
        self._random = random
        self._content = content
        self._now = now

    def outlines(self, shares: Sequence[tuple[Agent | None, int]], archived: int) -> list[Outline]:
        """One outline per customer, in random order: so many for each agent, and some that were filed away."""
        random = self._random
        owners = [agent for agent, share in shares for _ in range(share)]
        random.shuffle(owners)
        statuses, weights = tuple(STATUSES), [weight for weight, _, _ in STATUSES.values()]
        outlines = [
            Outline(number, owner, self._status(owner, statuses, weights), False, random.paretovariate(1.6))
            for number, owner in enumerate(owners, 1)
        ]
        unowned = [place for place, outline in enumerate(outlines) if outline.assignee is None]
        for place in unowned[:archived]:
            outline = outlines[place]
            outlines[place] = Outline(outline.number, None, Status.CLOSED, True, outline.fame)
        return outlines

    def _status(self, owner: Agent | None, statuses: Sequence[Status], weights: Sequence[int]) -> Status:
        if owner is None:
            return self._random.choice((Status.NEW, Status.NEW, Status.OPEN))
        return self._random.choices(statuses, weights)[0]

    def updates(self, outline: Outline) -> list[Update]:
        """The changes of fields from the creation, which comes first, to the end state."""
        random, content = self._random, self._content
        values = self._values(outline.number)
        intake = random.choice((content.supervisor, *random.choices(content.staff, k=3)))
        owner = outline.assignee
        updates: list[Update] = []
        if owner is not None and random.random() < 0.55:
            values["assigned_to"] = owner.id
        elif owner is not None:
            earlier = random.choice(content.staff)
            if earlier.id != owner.id and random.random() < 0.2:
                updates.append(Update({"assigned_to": earlier.id}, earlier))
            updates.append(Update({"assigned_to": owner.id}, random.choice((owner, owner, content.supervisor))))
        way = [*random.choice(PATHS[outline.status]), outline.status]
        updates += [Update({"status": status}, self._worker(owner)) for status in way if status is not Status.NEW]
        if random.random() < 0.3:
            place = random.randint(0, len(updates))
            updates.insert(place, Update(self._other_change(values), self._worker(owner)))
        if outline.archived:
            updates.append(Update({"archived": True}, content.supervisor))
        return [Update(values, intake), *updates]

    def plan(self, outline: Outline, updates: Sequence[Update], talk: int) -> Plan:
        """Puts `talk` comments between the updates, most of them late, and gives everything its time."""
        steps: list[Step] = list(updates[1:])
        places = sorted(int(self._random.betavariate(1.6, 1.2) * (len(steps) + 1)) for _ in range(talk))
        for place in reversed(places):
            steps.insert(place, TALK)
        return Plan(outline.number, updates[0], steps, list(self._times(outline.status, len(steps) + 1)))

    def _times(self, status: Status, count: int) -> Iterator[float]:
        """Ascending, in working hours except for today."""
        random = self._random
        _, youngest, oldest = STATUSES[status]
        age = random.uniform(youngest, oldest) * DAY
        begin = self._now - age
        if status in (Status.RESOLVED, Status.CLOSED):
            length = min(age * 0.9, random.uniform(0.5, 25) * DAY)
        else:
            length = age * random.uniform(0.5, 0.998)
        latest = 0.0
        for left, share in zip(range(count, 0, -1), sorted(random.random() for _ in range(count)), strict=True):
            time = self._working_time(begin + share * length)
            latest = max(time, latest + random.uniform(1, 4))
            yield min(latest, self._now - 0.001 * left)  # not in the future, however crowded the last minute

    def _working_time(self, time: float) -> float:
        midnight = self._now - self._now % DAY
        if time >= midnight:
            return time
        into_day = time % DAY
        return time - into_day + 8 * 3600 + into_day * 10 / 24

    def _worker(self, owner: Agent | None) -> Agent:
        if owner is not None and self._random.random() < 0.8:
            return owner
        return self._random.choice(self._content.staff)

    def _other_change(self, values: dict[str, Any]) -> dict[str, Any]:
        """A change of what is not the status, different from what is there."""
        match self._random.randrange(4):
            case 0:
                return {"priority": Priority.HIGH if values["priority"] != Priority.HIGH else Priority.NORMAL}
            case 1:
                return {"fields.seats": values["fields.seats"] + self._random.randint(1, 9)}
            case 2:
                larger = {"starter": "team", "team": "gold", "gold": "enterprise", "enterprise": "gold"}
                plan = larger[values["fields.plan"]]
                return {"fields.plan": plan, "fields.seats": values["fields.seats"] + self._random.randint(2, 20)}
            case _:
                return {"phone": self._phone(), "fields.call_before": "noon"}

    def _values(self, number: int) -> dict[str, Any]:
        random, content = self._random, self._content
        trade, industry = random.choice(content.trades)
        contact = f"{random.choice(content.first_names)} {random.choice(content.last_names)}"
        city = random.choice(CITIES)
        house = random.choice(content.company_names)
        name = f"{house} {trade}{random.choice(content.legal_forms)}"
        if random.random() < 0.3:
            name = f"{house} {trade} {city}"
        domain = "".join(letter for letter in f"{house}{trade}".lower() if letter.isascii() and letter.isalnum())
        values: dict[str, Any] = {
            "ref": f"AC-{1000 + number}",
            "name": name,
            "email": f"{_ascii(contact)}@{domain}.example",
            "phone": self._phone(),
            "priority": random.choice(PRIORITIES),
            "fields.contact": contact,
            "fields.plan": random.choice(PLANS),
            "fields.seats": random.randint(1, 30),
            "fields.industry": industry,
            "fields.city": city,
        }
        return values

    def _phone(self) -> str:
        return f"+44 20 7946 0{self._random.randrange(1000):03}"


def _ascii(name: str) -> str:
    first, _, last = name.lower().partition(" ")
    return "".join(letter for letter in f"{first}.{last}" if letter.isascii() and (letter.isalpha() or letter == "."))
