"""Encryption of credentials: for one owner, with rotated keys, and hidden from logs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.vault import BadKeyError, Sealed, SealedError, Secret, Vault, id_of, new_key

KEYS = [new_key() for _ in range(3)]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(max_size=20))
def test_encrypted_secrets_are_decrypted(text: str, owner: str) -> None:
    vault = Vault(KEYS[:1])
    sealed = vault.seal(Secret(text), owner)
    assert sealed.key_id == vault.key_id == id_of(KEYS[0])
    assert vault.open(sealed, owner).reveal() == text
    with pytest.raises(SealedError, match="belong to another integration"):
        vault.open(sealed, owner + "x")


def test_equal_secrets_have_different_ciphertexts() -> None:
    vault = Vault(KEYS[:1])
    assert vault.seal(Secret("a"), "o").token != vault.seal(Secret("a"), "o").token


def test_the_first_key_encrypts_and_all_keys_decrypt() -> None:
    old = Vault(KEYS[:1]).seal(Secret("a"), "o")
    both = Vault([KEYS[1], KEYS[0]])
    assert both.open(old, "o").reveal() == "a"
    assert both.seal(Secret("a"), "o").key_id == id_of(KEYS[1]) != old.key_id
    with pytest.raises(SealedError, match=f"The key {old.key_id} is missing"):
        Vault(KEYS[1:]).open(old, "o")


def test_tampered_credentials_are_not_decrypted() -> None:
    vault = Vault(KEYS[:2])
    sealed = vault.seal(Secret("a"), "o")
    damaged = sealed.token[:-2] + bytes([sealed.token[-2] ^ 1]) + sealed.token[-1:]
    for one in (Sealed(sealed.key_id, damaged), Sealed(id_of(KEYS[1]), sealed.token)):
        with pytest.raises(SealedError, match="damaged"):
            vault.open(one, "o")


@pytest.mark.parametrize(
    "key",
    ["", "x", KEYS[0][:-2], "é" * 44],
    ids=["nothing", "a letter", "a key cut short", "letters outside of ASCII"],
)
def test_an_invalid_key_raises(key: str) -> None:
    with pytest.raises(BadKeyError):
        Vault([key])


def test_a_vault_without_keys_is_false() -> None:
    assert not Vault()
    assert Vault(KEYS)


def test_a_fingerprint_depends_on_the_secret_and_the_key() -> None:
    one, other = Vault(KEYS[:1]), Vault(KEYS[1:])
    assert one.fingerprint(Secret("a")) == one.fingerprint(Secret("a"))
    assert len({vault.fingerprint(Secret(text)) for vault in (one, other) for text in "ab"}) == 4


def test_secrets_compare_by_text_and_hide_it() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert repr(Secret("a")) == "Secret(…)" == str(Secret("a"))
