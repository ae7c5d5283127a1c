"""Settings from environment variables."""

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from db.engine.addresses import canonical, of_standby, place_of
from schema.prepared.cache import ExecutorName
from schema.prepared.guard import GuardMode
from schema.prepared.limits import DEFAULT_LIMITS, Limits
from server.runtime.addresses import require_address, split_address
from server.runtime.errors import CommandError
from server.runtime.logs import LogFormat, LogLevel
from server.runtime.secret_text import SecretText

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


def _usable_folder(text: str) -> Path:
    """Return the path of a folder that exists or can be created. Raise `ValueError`."""
    path = Path(text)
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


def _ip_and_port(address: str) -> str:
    split_address(address)
    return address


def _origins(text: str) -> str:
    """Return the origins as given. Raise `ValueError` for a text that no browser sends as its page's origin."""
    if not all(_is_origin(each.strip()) for each in text.split(",")):
        raise ValueError("no origins")
    return text


def _is_origin(text: str) -> bool:
    """Return whether the text has the form in which browsers send origins."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return False
    port = match["port"]
    return port is None or (port != _USUAL_PORTS[match["scheme"]] and 0 < int(port) <= _LARGEST_PORT)


def _long_secret(text: str) -> SecretText:
    if not re.fullmatch(rf"[!-~]{{{_SHORTEST_TOKEN},}}", text):
        raise ValueError("too short")
    return SecretText(text)


_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
_USUAL_PORTS: Final = {"http": "80", "https": "443"}
_LARGEST_PORT: Final = 65_535
_SHORTEST_TOKEN: Final = 16
_SHORTEST_SECONDS: Final = 0.1
MOST_PROCESSES: Final = 64
_DAY: Final = 86_400
_LONGEST_PERIOD: Final = 30 * _DAY


def _setting(convert: Callable[[str], Any], allowed: str, default: Any) -> Any:
    """Return a field with the conversion of its text, which raises `ValueError`, and a description of allowed values."""
    return field(default=default, metadata={"convert": convert, "allowed": allowed})


def _whole(least: int, most: int, default: int | None) -> Any:
    def convert(text: str) -> int:
        number = int(text)
        if not (re.fullmatch(r"[+-]?[0-9]+", text) and least <= number <= most):
            raise ValueError("out of range")
        return number

    return _setting(convert, f"a whole number from {least} to {most:,}", default)


def _seconds(least: float, most: int, default: float, *, zero: bool = False) -> Any:
    """Return a number of seconds. A zero switches something off."""

    def convert(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and (least <= number <= most or (zero and number == 0))):
            raise ValueError("out of range")
        return number

    allowed = f"a number of seconds from {least:g} to {most:,}"
    return _setting(convert, f"0, or {allowed}" if zero else allowed, default)


def _period(default: float) -> Any:
    """Return the period of a background task in seconds. Zero switches the task off."""
    return _seconds(1, _LONGEST_PERIOD, default, zero=True)


def _one_of(words: Any, default: str | None, allowed: str = "") -> Any:
    """Return one of the words of a `Literal`."""
    known = get_args(words)

    def convert(text: str) -> str:
        if text not in known:
            raise ValueError("unknown")
        return text

    return _setting(convert, allowed or " or ".join(known), default)


def _switch(allowed: str, *, default: bool) -> Any:
    def convert(text: str) -> bool:
        if text.lower() not in {*_TRUE, *_FALSE}:
            raise ValueError("no switch")
        return text.lower() in _TRUE

    return _setting(convert, allowed, default)


_TRUE: Final = ("1", "true", "t", "on", "yes", "y")
_FALSE: Final = ("0", "false", "f", "off", "no", "n")
_SCHEMES_OF_DATABASE: Final = ("postgresql", "postgres")
_ADDRESS_OF_DATABASE: Final = "postgresql://user:password@host:5432/database"
_ADDRESS_OF_REDIS: Final = (
    "redis://user:password@host:6379/0, rediss://…, unix://…, redis+sentinel://user:password@host:26379,host:26379/service or "
    "redis+cluster://user:password@host:6379,host:6379"
)
_BETWEEN_ADDRESSES: Final = re.compile(r"\s*,\s*(?=[A-Za-z+]+://)")
_SCHEMES_OF_REDIS: Final = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings. The setting `port` is the environment variable LEADGRAPH_PORT, and so on.

    Each field states the conversion of its text and its allowed values.
    """

    home: Path = field(
        default_factory=default_home,
        metadata={
            "convert": _usable_folder,
            "allowed": "the path of a folder that exists or can be created",
        },
    )
    host: str = _setting(
        _ip_address, "an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::", "127.0.0.1"
    )
    port: int = _whole(1, 65_535, 8000)
    cors_origins: str | None = _setting(
        _origins,
        "exact origins in lower case, separated by commas, without `*`, paths, slashes at the end and usual ports, such as "
        "https://app.example.com or http://localhost:3000",
        None,
    )
    database_url: SecretText | None = _setting(
        SecretText, f"the address of a PostgreSQL, such as {_ADDRESS_OF_DATABASE}", None
    )
    database_wait_seconds: float = _seconds(_SHORTEST_SECONDS, 3600, 60, zero=True)
    direct_database_url: SecretText | None = _setting(
        SecretText, f"the address of a PostgreSQL without a pooler, such as {_ADDRESS_OF_DATABASE}", None
    )
    replica_urls: SecretText | None = _setting(
        SecretText,
        f"addresses of standbys of the database, separated by commas, such as {_ADDRESS_OF_DATABASE}",
        None,
    )
    replica_lag_seconds: float = _seconds(_SHORTEST_SECONDS, 600, 10)
    credentials_key: SecretText | None = _setting(
        SecretText, "keys of `leadgraph credentials new-key`, separated by commas", None
    )
    download_key: SecretText | None = _setting(
        SecretText, "keys of `leadgraph credentials new-key`, separated by commas", None
    )
    redis_url: SecretText | None = _setting(
        SecretText, f"the address of a Redis, such as {_ADDRESS_OF_REDIS}", None
    )
    cache_memory_mb: int = _whole(1, 100_000, 64)
    fragment_memory_mb: int = _whole(0, 100_000, 32)
    warm_at_start: bool = _switch("0 or 1", default=False)
    executor: ExecutorName = _one_of(ExecutorName, "breadth")
    guard: GuardMode | None = _one_of(GuardMode, None, "off, warn or fail")
    trusted_documents: Path | None = _setting(Path, "the path of a manifest", None)
    documents: DocumentsMode = _one_of(DocumentsMode, "open", "open, log or enforce")
    introspection: Introspection = _one_of(Introspection, "public", "public, authenticated or off")
    graphiql: bool = _switch("on or off", default=True)
    page: bool = _switch("on or off", default=True)
    webhooks_allow_private: bool = _switch("on or off", default=False)
    row_security: RowSecurity = _one_of(RowSecurity, "off")
    processes: int = _whole(1, MOST_PROCESSES, 1)
    pool_size: int | None = _whole(1, 1000, None)
    statement_timeout_seconds: float = _seconds(_SHORTEST_SECONDS, _DAY, 30)
    answer_timeout_seconds: float = _seconds(_SHORTEST_SECONDS, 60, 5)
    pool_timeout_seconds: float = _seconds(_SHORTEST_SECONDS, 600, 10)
    rate_points: int = _whole(0, 100_000_000, 30_000)
    user_operations: int | None = _whole(1, 1000, None)
    request_seconds: float = _seconds(_SHORTEST_SECONDS, 3600, 60)
    live_connections: int = _whole(0, 100_000, 1000)
    live_user_connections: int = _whole(1, 100_000, 100)
    live_operations: int = _whole(1, 10_000, 100)
    live_buffer_events: int = _whole(100, 1_000_000, 10_000)
    live_ping_seconds: float = _seconds(1, 600, 20)
    audit_every_seconds: float = _seconds(_SHORTEST_SECONDS, _DAY, 60, zero=True)
    audit_sample: int = _whole(1, 10_000, 10)
    drain_seconds: float = _seconds(_SHORTEST_SECONDS, 600, 5, zero=True)
    shutdown_seconds: float = _seconds(_SHORTEST_SECONDS, 3600, 20)
    workers: int = _whole(0, 32, 1)
    refresh_health_every_seconds: float = _period(900)
    rescore_leads_every_seconds: float = _period(_DAY)
    purge_keys_every_seconds: float = _period(3600)
    purge_exports_every_seconds: float = _period(60)
    purge_deliveries_every_seconds: float = _period(3600)
    delete_users_every_seconds: float = _period(60)
    verify_counters_every_seconds: float = _period(_DAY)
    keep_changes_every_seconds: float = _period(3600)
    changes_days: int = _whole(1, 365, 7)
    keep_logs_every_seconds: float = _period(3600)
    logs_days: int = _whole(0, 3650, 0)
    purge_mentions_every_seconds: float = _period(3600)
    mentions_days: int = _whole(0, 3650, 0)
    exports_days: int = _whole(1, 365, 7)
    export_mb: int = _whole(0, 10_000_000, 20_000)
    backups_kept: int = _whole(0, 10_000, 0)
    deliveries_days: int = _whole(1, 365, 30)
    import_positions_days: int = _whole(1, 90, 7)
    rejected_rows_days: int = _whole(1, 3650, 30)
    metrics_address: str | None = _setting(
        _ip_and_port, "an IP address and a port, such as 127.0.0.1:9464 or [::1]:9464", None
    )
    metrics_token: SecretText | None = _setting(
        _long_secret, f"a secret of at least {_SHORTEST_TOKEN} visible ASCII characters", None
    )
    log_format: LogFormat = _one_of(LogFormat, "text")
    log_level: LogLevel | None = _one_of(LogLevel, None, "info, warning or error")
    slow_ms: int = _whole(0, 86_400_000, 1000)
    tracing: bool = _switch("0 or 1", default=False)
    max_objects: int = _whole(1, 10_000_000, DEFAULT_LIMITS.objects)
    max_values: int = _whole(1, 100_000_000, DEFAULT_LIMITS.values)
    max_reads: int = _whole(1, 100_000, DEFAULT_LIMITS.reads)
    max_fields: int = _whole(1, 100_000, DEFAULT_LIMITS.fields)
    max_depth: int = _whole(1, 100, DEFAULT_LIMITS.depth)
    max_aliases: int = _whole(0, 100_000, DEFAULT_LIMITS.aliases)
    max_root_fields: int = _whole(1, 10_000, DEFAULT_LIMITS.root_fields)
    max_directives: int = _whole(0, 10_000, DEFAULT_LIMITS.directives)
    max_tokens: int = _whole(10, 100_000, DEFAULT_LIMITS.tokens)
    max_list_length: int = _whole(1, 60_000, DEFAULT_LIMITS.list_length)

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call the API."""
        return tuple(origin.strip() for origin in (self.cors_origins or "").split(",") if origin.strip())

    @property
    def replicas(self) -> tuple[str, ...]:
        """The addresses of the read replicas, with their passwords."""
        return tuple(map(of_standby, self._given_replicas))

    @property
    def _given_replicas(self) -> Sequence[str]:
        """The texts of the addresses of replicas. A comma before a scheme separates two of them."""
        if self.replica_urls is None:
            return ()
        return _BETWEEN_ADDRESSES.split(self.replica_urls.reveal().strip().removesuffix(","))

    @property
    def limits(self) -> Limits:
        """The limits on one operation."""
        return Limits(**{each.name: getattr(self, f"max_{each.name}") for each in fields(Limits)})

    def guard_mode(self, *, is_demo: bool) -> GuardMode:
        """Return the mode of the guard. By default, only a demo warns."""
        return self.guard or ("warn" if is_demo else "off")


ALLOWED: Final[Mapping[str, str]] = {each.name: each.metadata["allowed"] for each in fields(Settings)}
"""The allowed values of each setting."""


def load_settings() -> Settings:
    """Return the settings of this process.

    Raise `CommandError` with one sentence about a variable that is unknown or has an invalid value.
    """
    _require_known(os.environ)
    _require_values(os.environ)
    texts = {variable.upper(): text for variable, text in os.environ.items()}
    values = {
        each.name: _converted(each.name, each.metadata["convert"], texts[_variable(each.name)])
        for each in fields(Settings)
        if _variable(each.name) in texts
    }
    settings = Settings(**values)
    _require_addresses(settings)
    return replace(
        settings,
        database_url=_with_hosts("database_url", settings.database_url),
        direct_database_url=_with_hosts("direct_database_url", settings.direct_database_url),
    )


def is_set(name: str) -> bool:
    """Return whether a variable gives the setting."""
    return any(variable.upper() == _variable(name) for variable in os.environ)


def _converted(name: str, convert: Callable[[str], Any], text: str) -> Any:
    try:
        return convert(text)
    except ValueError:
        shown = "the given value" if name in _SECRETS else repr(text[:_LONGEST_VALUE])
        raise CommandError(_must_be(name, shown)) from None


_SECRETS: Final = {each.name for each in fields(Settings) if each.type in {SecretText, SecretText | None}}


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _must_be(name: str, found: str) -> str:
    return f"{_variable(name)} must be {ALLOWED[name]}, not {found}."


def _require_known(variables: Mapping[str, str]) -> None:
    """Raise `CommandError` for a variable that looks like a setting and is not one."""
    settings = [_variable(name) for name in ALLOWED]
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
        if variable.upper() == _variable(name) and name in ALLOWED and not value.strip():
            raise CommandError(_must_be(name, "empty"))


def _with_hosts(name: str, address: SecretText | None) -> SecretText | None:
    """Return the address of a database in the form that all programs read. Raise `CommandError` for wrong hosts."""
    if address is None:
        return None
    try:
        return SecretText(canonical(address.reveal()))
    except ValueError as wrong:
        raise CommandError(f"{_variable(name)} cannot be used: {wrong}.") from None


def _require_addresses(settings: Settings) -> None:
    addresses = (
        ("database_url", settings.database_url, _SCHEMES_OF_DATABASE, _ADDRESS_OF_DATABASE),
        ("direct_database_url", settings.direct_database_url, _SCHEMES_OF_DATABASE, _ADDRESS_OF_DATABASE),
        ("redis_url", settings.redis_url, _SCHEMES_OF_REDIS, _ADDRESS_OF_REDIS),
    )
    for name, address, schemes, form in addresses:
        if address is not None:
            require_address(_variable(name), address.reveal(), schemes=schemes, form=form)
    _require_one_redis(settings)
    _require_replicas(settings)
    if settings.direct_database_url is not None and settings.database_url is None:
        raise CommandError(
            "LEADGRAPH_DIRECT_DATABASE_URL requires LEADGRAPH_DATABASE_URL, the address of the same database through a pooler."
        )


def _require_one_redis(settings: Settings) -> None:
    """Raise `CommandError` for several hosts, or for a database that is no number, in the address of a single Redis."""
    parts = urlsplit("" if settings.redis_url is None else settings.redis_url.reveal())
    if parts.scheme not in {"redis", "rediss"}:
        return
    if "," in parts.netloc.rpartition("@")[2]:
        raise CommandError(
            "LEADGRAPH_REDIS_URL names several hosts: use redis+sentinel:// for Sentinels, or redis+cluster:// for a cluster."
        )
    if not parts.path.removeprefix("/").isdecimal() and parts.path not in {"", "/"}:
        raise CommandError("LEADGRAPH_REDIS_URL must end in the number of a database, such as /0.")


def _require_replicas(settings: Settings) -> None:
    """Raise `CommandError` unless each replica has one address of one host, and the primary has one, too."""
    if settings.replica_urls is None:
        return
    if settings.database_url is None:
        raise CommandError(
            "LEADGRAPH_REPLICA_URLS requires LEADGRAPH_DATABASE_URL, the address of the primary server."
        )
    name = _variable("replica_urls")
    places = set()
    for url in settings._given_replicas:  # noqa: SLF001 - of this module
        require_address(name, url, schemes=_SCHEMES_OF_DATABASE, form=_ADDRESS_OF_DATABASE)
        try:
            places.add(place_of(of_standby(url)))
        except ValueError as wrong:
            raise CommandError(f"{name} cannot be used: {wrong}.") from None
    if len(places) < len(settings.replicas):
        raise CommandError("LEADGRAPH_REPLICA_URLS must name each replica once.")
