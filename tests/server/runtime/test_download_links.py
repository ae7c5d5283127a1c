"""The keys of download links: from the environment, or from a private file of the data folder."""

import stat
from pathlib import Path

import pytest

from server.runtime.download_links import FILE, link_signer
from server.runtime.errors import CommandError
from server.runtime.secret_text import SecretText
from server.runtime.settings import Settings
from services.export.download_link import DownloadLink, LinkSigner

LINK = DownloadLink(1, 2, 3, 4)


def settings(home: Path, key: str | None = None) -> Settings:
    return Settings(home=home, download_key=None if key is None else SecretText(key))


def test_a_missing_key_is_created_and_kept(tmp_path: Path) -> None:
    token = link_signer(settings(tmp_path / "data")).token(LINK)
    assert link_signer(settings(tmp_path / "data")).link(token) == LINK
    assert link_signer(settings(tmp_path / "other")).link(token) is None
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600


def test_the_first_key_signs_and_all_keys_are_accepted(tmp_path: Path) -> None:
    first, second = "a" * 32, "b" * 32
    signer = link_signer(settings(tmp_path, f"{first}, {second}"))
    assert LinkSigner([first]).link(signer.token(LINK)) == LINK
    assert signer.link(LinkSigner([second]).token(LINK)) == LINK
    assert LinkSigner([second]).link(signer.token(LINK)) is None
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("key", ["short", ",", "x" * 31 + "," + "y" * 40])
def test_an_invalid_key_is_refused_without_its_text(tmp_path: Path, key: str) -> None:
    (tmp_path / FILE).write_text(key)
    for wrong, source in (
        (settings(tmp_path, key), "LEADGRAPH_DOWNLOAD_KEY"),
        (settings(tmp_path), str(tmp_path / FILE)),
    ):
        with pytest.raises(CommandError, match="must hold a key for download links") as refused:
            link_signer(wrong)
        assert source in str(refused.value)
        assert "short" not in str(refused.value).replace(str(tmp_path), "")


def test_a_signer_without_keys_accepts_nothing() -> None:
    assert not LinkSigner()
    assert LinkSigner().link(LinkSigner(["a" * 32]).token(LINK)) is None
