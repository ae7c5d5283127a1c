"""The keys that integrations' credentials are sealed with: from LEADGRAPH_CREDENTIALS_KEY, or from a file of the
data folder that is made where it is missing.
"""

import os
from contextlib import suppress
from pathlib import Path

from db.embedded.private_file import write_private
from server.errors import CommandError
from server.settings import Settings
from services.vault import BadKeyError, Vault, new_key

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
        raise CommandError(f"{source} holds no key for credentials: {wrong}") from wrong


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
