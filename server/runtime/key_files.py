"""Keys of the server: from a variable, or from a file in the data folder that is created with a new key."""

import os
from contextlib import suppress
from pathlib import Path

from db.engine.private_file import write_private
from server.runtime.errors import CommandError
from server.runtime.secret_text import SecretText
from services.accounts.vault import new_key


def keys_of(setting: SecretText | None, path: Path) -> list[str]:
    """Return the keys of the variable, separated by commas, or those of the file. Raise `CommandError`."""
    return split_keys(setting.reveal() if setting else _key_file_text(path))


def split_keys(text: str) -> list[str]:
    """Return the keys of a text, separated by commas or lines."""
    return [key.strip() for key in text.replace("\n", ",").split(",") if key.strip()]


def _key_file_text(path: Path) -> str:
    """Return the text of the key file. Create a missing file atomically: of two concurrent new keys one remains."""
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
