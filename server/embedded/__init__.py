"""PostgreSQL and Redis for whoever sets neither DATABASE_URL nor REDIS_URL: real ones, private, supervised."""

from server.embedded.errors import EmbeddedServicesError
from server.embedded.folder import default_data_dir
from server.embedded.secret_key import secret_key
from server.embedded.services import EmbeddedServices

__all__ = ["EmbeddedServices", "EmbeddedServicesError", "default_data_dir", "secret_key"]
