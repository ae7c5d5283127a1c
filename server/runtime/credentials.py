"""The keys that encrypt integrations' credentials.

The keys come from LEADGRAPH_CREDENTIALS_KEY, or from a file in the data folder that is created with a new key.
"""

import logging

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.statements.integration import keys_of_credentials
from server.runtime.errors import CommandError
from server.runtime.key_files import keys_of
from server.runtime.settings import Settings
from services.accounts.vault import BadKeyError, Vault

logger = logging.getLogger("leadgraph")

FILE = "credentials.key"


def vault(settings: Settings) -> Vault:
    """Return a vault with the configured keys. Raise `CommandError`, without the key's text, for an invalid key."""
    setting = settings.credentials_key
    source = "LEADGRAPH_CREDENTIALS_KEY" if setting else str(settings.home / FILE)
    keys = keys_of(setting, settings.home / FILE)
    try:
        if not keys:
            raise BadKeyError("The key is missing.")
        return Vault(keys)
    except BadKeyError as invalid:
        raise CommandError(
            f"{source} must hold a key for credentials: {invalid} Create a key with `leadgraph credentials new-key`. "
            "A new key cannot decrypt credentials that another key encrypted."
        ) from invalid


def key_text(settings: Settings) -> str:
    """Return the text of the configured keys, or "" without keys. Unlike `vault`, create no key."""
    if settings.credentials_key:
        return settings.credentials_key.reveal()
    path = settings.home / FILE
    try:
        return path.read_text() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}.") from error


async def warn_of_missing_keys(pool: Pool, keys: Vault) -> None:
    """Log a warning if stored credentials need a key that is missing.

    Otherwise a server with a wrong key would go unnoticed until an integration needs its credentials.
    """
    reader = Reader(pool, single=True)
    for key_id, number in (await keys_of_credentials(reader)).items():
        if key_id not in keys.key_ids:
            logger.warning(
                "The credentials of %s integrations need the key %s, which is missing. Add that key after the first "
                "key in LEADGRAPH_CREDENTIALS_KEY. If the key is lost, disconnect and reconnect these accounts.",
                number,
                key_id,
            )
