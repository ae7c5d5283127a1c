"""Settings from environment variables."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schema.prepared.cache import ExecutorName
from server.runtime.errors import CommandError


def default_home() -> Path:
    """Return the data folder: `.leadgraph` in a checkout, else a folder in the user's data folder."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").exists():
        return checkout / ".leadgraph"
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "leadgraph"


class Settings(BaseSettings):
    """The settings. The setting `port` is the environment variable LEADGRAPH_PORT, and so on."""

    model_config = SettingsConfigDict(env_prefix="LEADGRAPH_", env_ignore_empty=True)

    home: Path = Field(default_factory=default_home, description="Data folder.")
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    database_url: SecretStr | None = Field(
        default=None, description="A PostgreSQL 15 or newer, used instead of the embedded one."
    )
    credentials_key: SecretStr | None = Field(
        default=None,
        description="Comma-separated keys for integrations' credentials. The first key encrypts.",
    )
    download_key: SecretStr | None = Field(
        default=None, description="Comma-separated keys for download links of exports. The first key signs."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="A Redis or Valkey that stores the figures of all processes."
    )
    cache_memory_mb: Annotated[int, Field(ge=1, le=100_000)] = 64
    warm_at_start: bool = False
    executor: ExecutorName = "breadth"
    pool_size: Annotated[int, Field(ge=1, le=1000)] = 10
    statement_timeout_seconds: Annotated[float, Field(gt=0)] = 30
    audit_every_seconds: Annotated[
        float, Field(ge=0, description="Average interval of the audit; 0 disables it.")
    ] = 60
    audit_sample: Annotated[
        int, Field(ge=1, le=10_000, description="Number of users, and of keywords, per round of the audit.")
    ] = 10
    workers: Annotated[int, Field(ge=0, le=32)] = 1


def load_settings() -> Settings:
    """Return the settings of this process. Raise `CommandError` with the name of an invalid variable."""
    try:
        return Settings()
    except ValidationError as invalid:
        first = invalid.errors()[0]
        variable = "LEADGRAPH_" + str(first["loc"][0]).upper()
        raise CommandError(f"{variable}={first['input']!r} is invalid: {first['msg']}.") from invalid
