"""The buffer for a client that does not read the response yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest import ndjson_response
from server.ingest.ndjson_response import Backlog


@given(st.lists(st.binary(max_size=50) | st.none()))
def test_a_backlog_returns_bytes_in_order(steps: list[bytes | None]) -> None:
    """Each step adds or takes bytes, in memory at first and then in a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson_response, "MEMORY_BYTES", 100)
        patch.setattr(ndjson_response, "_PIECE_BYTES", 30)
        backlog, went_in, came_out = Backlog(), b"", b""
        for step in steps:
            if step is None:
                came_out += backlog.take()
            else:
                backlog.put(step)
                went_in += step
            assert len(backlog) == len(went_in) - len(came_out)
        while piece := backlog.take():
            came_out += piece
        assert came_out == went_in
        backlog.close()
