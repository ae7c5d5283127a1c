"""Global ids are the Base64 of a type and a number, and the latest are kept."""

from base64 import b64encode

import pytest

from resolvers.framework import global_id
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import decode, encode, encoder

NUMBERS = (0, 1, 99, 100, 999, 1000, 123_456, 10**9, 2**63 - 1)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("typename", ["User", "Lead", "Mention"])
def test_ids_are_base64_whether_kept_or_not(typename: str, number: int) -> None:
    expected = b64encode(f"{typename}:{number}".encode()).decode()
    assert encode(typename, number) == expected
    assert [encoder(typename)(number) for _ in range(2)] == [expected] * 2
    assert decode(expected)[1] == number


def test_the_number_of_kept_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(global_id, "IDS_KEPT", 10)
    ids = global_id._GlobalIds("Lead")
    assert [ids[number] for number in range(25)] == [encode("Lead", number) for number in range(25)]
    assert list(ids) == [20, 21, 22, 23, 24]


def test_a_text_that_no_type_encodes_is_refused() -> None:
    for text in (encode("Lead", 1)[:-1], encode("Nothing", 1), b64encode(b"Lead:01").decode(), "", "é"):
        with pytest.raises(UserInputError):
            decode(text)
