"""Users are found by e-mail address."""

from db.engine.pool import Pool
from db.statements.user import id_by_email


async def test_a_user_is_found_by_address_ignoring_case(pool: Pool) -> None:
    ann = await pool.fetchval("INSERT INTO users (email) VALUES ('Ann@example.com') RETURNING id")
    assert await id_by_email(pool, "ann@EXAMPLE.com") == ann
    assert await id_by_email(pool, "bob@example.com") is None


async def test_a_suspended_user_is_not_found_among_active_users(pool: Pool) -> None:
    ann = await pool.fetchval(
        "INSERT INTO users (email, status) VALUES ('ann@example.com', 'suspended') RETURNING id"
    )
    assert await id_by_email(pool, "ann@example.com") == ann
    assert await id_by_email(pool, "ann@example.com", active=True) is None
