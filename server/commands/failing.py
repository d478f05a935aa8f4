"""Failures of commands, as sentences that say what to do."""

from __future__ import annotations


class CommandFailed(Exception):
    """A command's own refusal."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


def sentences_of(error: Exception) -> list[str] | None:
    """What to tell of an error that is foreseen; None for a bug."""
    from channels.errors import CasewireError
    from server.embedded import EmbeddedServicesError
    from server.listening import AddressTaken
    from server.settings import SettingsError

    if isinstance(error, SettingsError):
        return [*error.sentences, "`casewire doctor` checks the rest; docs/settings.md lists what can be set."]
    if isinstance(error, (CasewireError, EmbeddedServicesError, AddressTaken)):
        return [str(error)]
    return None
