"""A password from a terminal or from the standard input. An argument would show it to all programs of the machine."""

import sys
from typing import Final

import typer

from server.runtime.errors import CommandError
from services.browsers.sign_in import require_valid
from services.rules.user_errors import UserErrors

_MOST_CHARACTERS: Final = 10_000


def read_password() -> str:
    """Ask for a password twice, or return the first line of the standard input if it is no terminal.

    Raise `CommandError` for a password that is too short or too long.
    """
    if sys.stdin.isatty():
        text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        text = sys.stdin.readline(_MOST_CHARACTERS).rstrip("\r\n")
    try:
        require_valid(text)
    except UserErrors as refusal:
        message = refusal.errors[0].message
        raise CommandError(f"The password is not allowed: {message[0].lower()}{message[1:]}") from refusal
    return str(text)
