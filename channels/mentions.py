"""Mentions: `@username` in a comment's body, parsed once, here, for every face."""

from __future__ import annotations

import re

USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?", re.ASCII)
"""Usernames: lower case, up to 32 characters; no dot or dash at either end, so `@dana.` names dana."""

_MENTION = re.compile(rf"(?<![\w@./-])@({USERNAME.pattern})(?![\w@])", re.ASCII | re.IGNORECASE)


def mentioned_usernames(body: str) -> tuple[str, ...]:
    """The usernames mentioned, lower-cased, each once, in order of appearance.

    An e-mail address is no mention: `@` must not follow a word character.
    """
    return tuple(dict.fromkeys(match[1].lower() for match in _MENTION.finditer(body)))
