"""The keys that integrations' credentials are sealed with: from LEADGRAPH_CREDENTIALS_KEY, or from a file of the
data folder that is made where it is missing.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

from db.engine.pool import Pool
from db.engine.private_file import write_private
from db.engine.reader import Reader
from db.statements.integration import keys_of_credentials
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.accounts.vault import BadKeyError, Vault, new_key

logger = logging.getLogger("leadgraph")

FILE = "credentials.key"


def vault(settings: Settings) -> Vault:
    """Raises `CommandError` that says where a key is that is none, and never what it says."""
    given = settings.credentials_key
    source = "LEADGRAPH_CREDENTIALS_KEY" if given else str(settings.home / FILE)
    written = given.get_secret_value() if given else _kept(settings.home / FILE)
    keys = [key.strip() for key in written.replace("\n", ",").split(",") if key.strip()]
    try:
        if not keys:
            raise BadKeyError("There is none.")
        return Vault(keys)
    except BadKeyError as wrong:
        raise CommandError(
            f"{source} holds no key for credentials: {wrong} `leadgraph credentials new-key` makes one; what was sealed "
            "by another key is opened only by that one."
        ) from wrong


async def warn_of_missing_keys(pool: Pool, keys: Vault) -> None:
    """Says so in the log where credentials are kept that none of the keys opens: a server with a wrong key would go
    on and seal others by it, and nobody would notice until they are needed.
    """
    reader = Reader(pool, single=True)
    for key_id, number in (await keys_of_credentials(reader)).items():
        if key_id not in keys.key_ids:
            logger.warning(
                "The credentials of %s integrations were sealed by the key %s, which is not here: nobody can use "
                "them. Put that key behind the first in LEADGRAPH_CREDENTIALS_KEY, or, if it is lost, have these "
                "accounts disconnected and connected again.",
                number,
                key_id,
            )


def _kept(path: Path) -> str:
    """What the file says. A new key is there as a whole or not at all, and of two that are made one remains."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(new, new_key() + "\n")
        with suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}.") from error
