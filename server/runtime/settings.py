"""Settings from environment variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from schema.prepared.cache import ExecutorName
from schema.prepared.guard import GuardMode
from schema.prepared.limits import DEFAULT_LIMITS, Limits
from server.runtime.addresses import require_address, split_address
from server.runtime.errors import CommandError
from server.runtime.logs import LogFormat, LogLevel

PREFIX: Final = "LEADGRAPH_"
DocumentsMode: TypeAlias = Literal["open", "log", "enforce"]
"""Any document runs; any document runs and untrusted ones are logged; only trusted documents run."""
OTHER_VARIABLES: Final = frozenset(
    {
        "LEADGRAPH_API_KEY",  # of client programs
        "LEADGRAPH_URL",  # of client programs
        "LEADGRAPH_PG_BINDIR",  # of db/embedded
        "LEADGRAPH_SKIP_WEB",  # of web/build.py
        "LEADGRAPH_WRITE_GOLDEN",  # of the tests
    }
)
"""The variables of the project that are no settings of a process."""

Introspection = Literal["public", "authenticated", "off"]
RowSecurity = Literal["on", "off"]
_LONGEST_VALUE: Final = 60


def default_home() -> Path:
    """Return the data folder: `.leadgraph` in a checkout, else a folder in the user's data folder."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").exists():
        return checkout / ".leadgraph"
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "leadgraph"


def _usable_folder(path: Path) -> Path:
    """Return the path of a folder that exists or can be created. Raise `ValueError`."""
    existing = path.absolute()
    try:
        while not existing.exists():
            existing = existing.parent
    except OSError as error:
        raise ValueError(str(error)) from error
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"{existing} is no folder that can be written")
    return path


def _ip_address(text: str) -> str:
    """Return the address in its usual form. Raise `ValueError` for other texts."""
    return str(ip_address(text))


def _zero_or_tenths(seconds: float) -> float:
    if 0 < seconds < _SHORTEST_SECONDS:
        raise ValueError("too short")
    return seconds


def _ip_and_port(address: str | None) -> str | None:
    if address is not None:
        split_address(address)
    return address


def _origins(text: str | None) -> str | None:
    """Return the origins as given. Raise `ValueError` for a text that no browser sends as its page's origin."""
    if text is not None and not all(_is_origin(each.strip()) for each in text.split(",")):
        raise ValueError("no origins")
    return text


def _is_origin(text: str) -> bool:
    """Return whether the text has the form in which browsers send origins."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return False
    port = match["port"]
    return port is None or (port != _USUAL_PORTS[match["scheme"]] and 0 < int(port) <= _LARGEST_PORT)


def _long_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not re.fullmatch(rf"[!-~]{{{_SHORTEST_TOKEN},}}", secret.get_secret_value()):
        raise ValueError("too short")
    return secret


_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
_USUAL_PORTS: Final = {"http": "80", "https": "443"}
_LARGEST_PORT: Final = 65_535
_SHORTEST_TOKEN: Final = 16
_SHORTEST_SECONDS: Final = 0.1
_DAY: Final = 86_400
_LONGEST_PERIOD: Final = 30 * _DAY


def _whole(least: int, most: int) -> Any:
    return Field(ge=least, le=most, description=f"a whole number from {least} to {most:,}")


def _period() -> Any:
    """Return the period of a background task in seconds. Zero switches the task off."""
    allowed = f"0, or a number of seconds from 1 to {_LONGEST_PERIOD:,}"
    return Field(ge=0, le=_LONGEST_PERIOD, allow_inf_nan=False, description=allowed)


def _zero_or_whole(seconds: float) -> float:
    if 0 < seconds < 1:
        raise ValueError("too short")
    return seconds


def _seconds(most: int) -> Any:
    allowed = f"a number of seconds from {_SHORTEST_SECONDS} to {most:,}"
    return Field(ge=_SHORTEST_SECONDS, le=most, allow_inf_nan=False, description=allowed)


_Period = Annotated[float, _period(), AfterValidator(_zero_or_whole)]

_ADDRESS_OF_DATABASE: Final = "postgresql://user:password@host:5432/database"
_ADDRESS_OF_REDIS: Final = "redis://user:password@host:6379/0, rediss://… or unix://…"


class Settings(BaseModel):
    """The settings. The setting `port` is the environment variable LEADGRAPH_PORT, and so on.

    The description of a field names its allowed values, for the errors.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    home: Annotated[Path, AfterValidator(_usable_folder)] = Field(
        default_factory=default_home, description="the path of a folder that exists or can be created"
    )
    host: Annotated[str, AfterValidator(_ip_address)] = Field(
        default="127.0.0.1", description="an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::"
    )
    port: Annotated[int, _whole(1, 65_535)] = 8000
    cors_origins: Annotated[str | None, AfterValidator(_origins)] = Field(
        default=None,
        description="exact origins in lower case, separated by commas, without `*`, paths, slashes at the end and usual "
        "ports, such as https://app.example.com or http://localhost:3000",
    )
    database_url: SecretStr | None = Field(
        default=None, description=f"the address of a PostgreSQL, such as {_ADDRESS_OF_DATABASE}"
    )
    credentials_key: SecretStr | None = Field(
        default=None, description="keys of `leadgraph credentials new-key`, separated by commas"
    )
    download_key: SecretStr | None = Field(
        default=None, description="keys of `leadgraph credentials new-key`, separated by commas"
    )
    redis_url: SecretStr | None = Field(
        default=None, description=f"the address of a Redis, such as {_ADDRESS_OF_REDIS}"
    )
    cache_memory_mb: Annotated[int, _whole(1, 100_000)] = 64
    fragment_memory_mb: Annotated[int, _whole(0, 100_000)] = 32
    warm_at_start: bool = Field(default=False, description="0 or 1")
    executor: ExecutorName = Field(default="breadth", description=" or ".join(get_args(ExecutorName)))
    guard: GuardMode | None = Field(default=None, description="off, warn or fail")
    trusted_documents: Path | None = Field(default=None, description="the path of a manifest")
    documents: DocumentsMode = Field(default="open", description="open, log or enforce")
    introspection: Introspection = Field(default="public", description="public, authenticated or off")
    graphiql: bool = Field(default=True, description="on or off")
    row_security: RowSecurity = Field(default="off", description=" or ".join(get_args(RowSecurity)))
    pool_size: Annotated[int, _whole(1, 1000)] = 10
    statement_timeout_seconds: Annotated[float, _seconds(_DAY)] = 30
    answer_timeout_seconds: Annotated[float, _seconds(60)] = 5
    pool_timeout_seconds: Annotated[float, _seconds(600)] = 10
    rate_points: Annotated[int, _whole(0, 100_000_000)] = 30_000
    user_operations: Annotated[int | None, _whole(1, 1000)] = None
    request_seconds: Annotated[float, _seconds(3600)] = 60
    audit_every_seconds: Annotated[
        float,
        Field(ge=0, le=_DAY, allow_inf_nan=False),
        AfterValidator(_zero_or_tenths),
        Field(description=f"0, or a number of seconds from {_SHORTEST_SECONDS} to {_DAY:,}"),
    ] = 60
    audit_sample: Annotated[int, _whole(1, 10_000)] = 10
    drain_seconds: Annotated[
        float,
        Field(ge=0, le=600, allow_inf_nan=False),
        AfterValidator(_zero_or_tenths),
        Field(description=f"0, or a number of seconds from {_SHORTEST_SECONDS} to 600"),
    ] = 5
    shutdown_seconds: Annotated[float, _seconds(3600)] = 20
    workers: Annotated[int, _whole(0, 32)] = 1
    refresh_health_every_seconds: _Period = 900
    rescore_leads_every_seconds: _Period = _DAY
    purge_keys_every_seconds: _Period = 3600
    purge_exports_every_seconds: _Period = 60
    delete_users_every_seconds: _Period = 60
    verify_counters_every_seconds: _Period = _DAY
    metrics_address: Annotated[str | None, AfterValidator(_ip_and_port)] = Field(
        default=None, description="an IP address and a port, such as 127.0.0.1:9464 or [::1]:9464"
    )
    metrics_token: Annotated[SecretStr | None, AfterValidator(_long_secret)] = Field(
        default=None, description=f"a secret of at least {_SHORTEST_TOKEN} visible ASCII characters"
    )
    log_format: LogFormat = Field(default="text", description="text or json")
    log_level: LogLevel | None = Field(default=None, description="info, warning or error")
    slow_ms: Annotated[int, _whole(0, 86_400_000)] = 1000
    tracing: bool = Field(default=False, description="0 or 1")
    max_objects: Annotated[int, _whole(1, 10_000_000)] = DEFAULT_LIMITS.objects
    max_values: Annotated[int, _whole(1, 100_000_000)] = DEFAULT_LIMITS.values
    max_reads: Annotated[int, _whole(1, 100_000)] = DEFAULT_LIMITS.reads
    max_fields: Annotated[int, _whole(1, 100_000)] = DEFAULT_LIMITS.fields
    max_depth: Annotated[int, _whole(1, 100)] = DEFAULT_LIMITS.depth
    max_aliases: Annotated[int, _whole(0, 100_000)] = DEFAULT_LIMITS.aliases
    max_root_fields: Annotated[int, _whole(1, 10_000)] = DEFAULT_LIMITS.root_fields
    max_directives: Annotated[int, _whole(0, 10_000)] = DEFAULT_LIMITS.directives
    max_tokens: Annotated[int, _whole(10, 100_000)] = DEFAULT_LIMITS.tokens
    max_list_length: Annotated[int, _whole(1, 60_000)] = DEFAULT_LIMITS.list_length

    @model_validator(mode="before")
    @classmethod
    def _add_variables(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return the given settings, and those of the environment variables that are not empty."""
        variables = {name.upper(): value for name, value in os.environ.items() if value}
        named = {name: variables.get(_variable(name)) for name in cls.model_fields}
        return {name: value for name, value in named.items() if value is not None} | given

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call the API."""
        return tuple(origin.strip() for origin in (self.cors_origins or "").split(",") if origin.strip())

    @property
    def limits(self) -> Limits:
        """The limits on one operation."""
        return Limits(**{each.name: getattr(self, f"max_{each.name}") for each in fields(Limits)})

    def guard_mode(self, *, is_demo: bool) -> GuardMode:
        """Return the mode of the guard. By default, only a demo warns."""
        return self.guard or ("warn" if is_demo else "off")


def load_settings() -> Settings:
    """Return the settings of this process.

    Raise `CommandError` with one sentence about a variable that is unknown or has an invalid value.
    """
    _require_known(os.environ)
    _require_values(os.environ)
    try:
        settings = Settings()
    except ValidationError as invalid:
        first = invalid.errors()[0]
        name = str(first["loc"][0])
        raise CommandError(_must_be(name, _shown(name, first["input"]))) from None
    _require_addresses(settings)
    return settings


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _must_be(name: str, found: str) -> str:
    return f"{_variable(name)} must be {Settings.model_fields[name].description}, not {found}."


def _shown(name: str, value: object) -> str:
    """Return the value as a message may show it."""
    annotation = Settings.model_fields[name].annotation
    if SecretStr in (annotation, *get_args(annotation)):
        return "the given value"
    return repr(str(value)[:_LONGEST_VALUE])


def _require_known(variables: Mapping[str, str]) -> None:
    """Raise `CommandError` for a variable that looks like a setting and is not one."""
    settings = [_variable(name) for name in Settings.model_fields]
    known = {*settings, *OTHER_VARIABLES}
    for variable in variables:
        name = variable.upper()
        if name in known or not re.sub(r"[^A-Z]", "", name).startswith("LEADGRAPH"):
            continue
        nearest = get_close_matches(name, [*settings, *sorted(OTHER_VARIABLES)], n=1, cutoff=0)
        raise CommandError(
            f"The variable {variable[:_LONGEST_VALUE]} is not a setting of Leadgraph: use {nearest[0]} or unset it."
        )


def _require_values(variables: Mapping[str, str]) -> None:
    """Raise `CommandError` for a setting with an empty value."""
    for variable, value in variables.items():
        name = variable.upper().removeprefix(PREFIX).lower()
        if variable.upper() == _variable(name) and name in Settings.model_fields and not value.strip():
            raise CommandError(_must_be(name, "empty"))


def _require_addresses(settings: Settings) -> None:
    addresses = (
        ("database_url", settings.database_url, ("postgresql", "postgres"), _ADDRESS_OF_DATABASE),
        ("redis_url", settings.redis_url, ("redis", "rediss", "unix"), _ADDRESS_OF_REDIS),
    )
    for name, address, schemes, form in addresses:
        if address is not None:
            require_address(_variable(name), address.get_secret_value(), schemes=schemes, form=form)
