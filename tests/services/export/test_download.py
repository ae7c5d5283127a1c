"""Reading the file of an export for its user."""

import pytest

from db.engine.pool import Pool
from db.models import UserRole
from services.accounts.viewer import Viewer
from services.export.download import find, read_from

QUESTION = {
    "where": {"all": []},
    "order": {"name": "oldest", "columns": ["id"], "descending": False, "search": None},
}


@pytest.fixture
async def owner_id(pool: Pool) -> int:
    found: int = await pool.fetchval("INSERT INTO users (email) VALUES ('ann@example.com') RETURNING id")
    return found


async def add_export(pool: Pool, owner_id: int, *, everybody: bool) -> int:
    found: int = await pool.fetchval(
        "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
        "VALUES ($1, $2, 'keywords', 'csv', '{id}', $3) RETURNING id",
        owner_id,
        everybody,
        QUESTION,
    )
    return found


async def test_an_export_is_found_by_its_user_alone(pool: Pool, owner_id: int) -> None:
    export_id = await add_export(pool, owner_id, everybody=False)

    found = await find(pool, Viewer(owner_id, UserRole.MEMBER), export_id)

    assert found is not None
    assert (found.id, found.user_id) == (export_id, owner_id)
    for stranger in (Viewer(owner_id + 1, UserRole.MEMBER), Viewer(owner_id + 1, UserRole.OPERATOR)):
        assert await find(pool, stranger, export_id) is None
    assert await find(pool, Viewer(owner_id, UserRole.MEMBER), export_id + 1) is None


async def test_an_export_of_all_users_rows_is_found_only_by_an_operator(pool: Pool, owner_id: int) -> None:
    export_id = await add_export(pool, owner_id, everybody=True)

    found = await find(pool, Viewer(owner_id, UserRole.OPERATOR), export_id)

    assert found is not None
    assert found.id == export_id
    assert await find(pool, Viewer(owner_id, UserRole.MEMBER), export_id) is None


async def test_a_file_is_read_from_any_byte_to_the_end_of_its_part(pool: Pool, owner_id: int) -> None:
    export_id = await add_export(pool, owner_id, everybody=False)
    await pool.executemany(
        "INSERT INTO export_parts (export_id, starts_at, data) VALUES ($1, $2, $3)",
        [(export_id, 0, b"abc"), (export_id, 3, b"defg")],
    )
    owner, stranger = Viewer(owner_id, UserRole.MEMBER), Viewer(owner_id + 1, UserRole.OPERATOR)

    read = [await read_from(pool, owner, export_id, position) for position in (0, 2, 3, 6, 7)]

    assert read == [b"abc", b"c", b"defg", b"g", b""]
    assert await read_from(pool, stranger, export_id, 0) == b""
