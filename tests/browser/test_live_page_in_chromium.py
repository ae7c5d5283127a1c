"""The page of examples/page in a real browser: it shows new mentions once, also after cuts, by events and by a socket."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from services.browsers.passwords import hash_of
from tests.browser.test_front_ends_in_chromium import pages
from tests.support.proxy import proxied
from tests.support.rows import add_keyword, add_mention, add_user
from tests.support.serving import ROOT, served

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"


@pytest.mark.parametrize("transport", ["events", "socket"])
async def test_the_page_shows_each_mention_once_after_cuts(
    pool: Pool, database_url: str, server_folder: Path, chromium: Browser, transport: str
) -> None:
    user_id = await add_user(pool, EMAIL)
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, hash_of(PASSWORD)))
    keyword, foreign = [
        await add_keyword(pool, owner, "words")
        for owner in (user_id, await add_user(pool, "ben@example.com"))
    ]
    await add_mention(pool, keyword, external_id="before")
    with pages(ROOT / "examples" / "page") as port:
        origin = f"http://127.0.0.1:{port}"
        settings = {"CORS_ORIGINS": origin, "WORKERS": "0"}
        async with (
            served(database_url, server_folder, settings) as (api, _),
            proxied(f"{api}/graphql") as proxy,
        ):
            page = await chromium.new_page()
            await page.goto(f"{origin}/index.html")
            await page.get_by_label("API").fill(proxy.url)
            await page.get_by_label("Transport").select_option(transport)
            await page.get_by_label("E-mail").fill(EMAIL)
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Follow").click()
            await expect(page.locator("output")).to_have_text("following")
            expected = ["before"]
            for number in range(3):
                for place in range(5):
                    expected.append(f"{number} {place}")
                    await add_mention(pool, keyword, external_id=expected[-1])
                    await add_mention(pool, foreign, external_id=f"foreign {expected[-1]}")
                    if place == number:
                        proxy.cut()
                await asyncio.sleep(0.2)
            await expect(page.get_by_role("listitem")).to_have_text(expected)
            await page.close()
