"""What stops the embedded services, as a sentence for the person who starts the server."""

from __future__ import annotations


class EmbeddedServicesError(Exception):
    """The embedded PostgreSQL or Redis cannot run here; `str(error)` says why and what to do."""
