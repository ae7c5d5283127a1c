"""The error of backups."""


class BackupError(Exception):
    """A problem of a backup or a restore. The message is one sentence with the problem and a remedy."""
