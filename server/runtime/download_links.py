"""The keys that sign download links of exports.

The keys come from LEADGRAPH_DOWNLOAD_KEY, or from a file in the data folder that is created with a new key.
"""

from server.runtime.errors import CommandError
from server.runtime.key_files import keys_of
from server.runtime.settings import Settings
from services.export.download_link import BadLinkKeyError, LinkSigner

FILE = "downloads.key"


def link_signer(settings: Settings) -> LinkSigner:
    """Return a signer with the configured keys. Raise `CommandError`, without the key's text, for an invalid key."""
    setting = settings.download_key
    source = "LEADGRAPH_DOWNLOAD_KEY" if setting else str(settings.home / FILE)
    keys = keys_of(setting, settings.home / FILE)
    try:
        if not keys:
            raise BadLinkKeyError("The key is missing.")
        return LinkSigner(keys)
    except BadLinkKeyError as invalid:
        raise CommandError(
            f"{source} must hold a key for download links: {invalid} Create a key with "
            "`leadgraph credentials new-key`."
        ) from invalid
