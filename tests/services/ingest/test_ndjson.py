"""Lines split from chunks of any size, and the errors of invalid lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest import ndjson
from services.ingest.ndjson import BadLineError, Line, LineSplitter, object_of

parts = st.lists(st.sampled_from([b"\n", b"\r", b" ", b"a", b"bc", b"\xef\xbb\xbf", b"d" * 7]), max_size=30)


@given(parts, st.data())
def test_lines_do_not_depend_on_the_chunks(given_parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(given_parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    lines = LineSplitter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "LONGEST_LINE_BYTES", 10)
        found = [
            line
            for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)
            for line in lines.feed(whole[start:end])
        ]
        found += lines.end()
    expected = []
    for number, text in enumerate(whole.split(b"\n"), 1):
        kept = text.removeprefix(b"\xef\xbb\xbf") if number == 1 else text
        if len(text) > 10:
            expected.append(Line(number, None))
        elif kept.strip():
            expected.append(Line(number, kept))
    assert found == expected


def test_an_endless_line_is_not_kept_in_memory() -> None:
    lines = LineSplitter()
    for _ in range(100):
        assert list(lines.feed(b"x" * 100_000)) == []
        assert len(lines._rest) <= ndjson.LONGEST_LINE_BYTES
    assert list(lines.end()) == [Line(1, None)]


def test_only_json_objects_are_accepted() -> None:
    assert object_of(b' {"a": [1, null]}\r') == {"a": [1, None]}
    for text in (b"", b"1", b'"a"', b"null", b"[{}]"):
        with pytest.raises(BadLineError):
            object_of(text)
