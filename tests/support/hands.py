"""Two ways to use the page: a mouse, and a keyboard alone."""

from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Locator, Page, expect

MOST_TABS = 250
"""More than the controls of any page. A control that as many tabs do not reach is out of reach."""
HAS_FOCUS = "control => control === document.activeElement"
FOCUSED = "() => document.activeElement?.outerHTML.slice(0, 200)"


class Hands(Protocol):
    """The actions of a user. `keys` are a shortcut for the same action, which the mouse does not need."""

    async def act(self, control: Locator, *keys: str) -> None:
        """Press a button, follow a link, or open a menu."""

    async def tick(self, box: Locator) -> None:
        """Change a checkbox."""

    async def write(self, field: Locator, text: str, *keys: str) -> None:
        """Type into an empty field."""

    async def choose(self, menu: Locator, option: str) -> None:
        """Choose an option of a menu by its text."""

    async def drag(self, card: Locator, onto: Locator, *keys: str) -> None:
        """Move a card."""


@dataclass(frozen=True, slots=True)
class Mouse:
    """Clicks. The keyboard types text into fields, and nothing else."""

    page: Page

    async def act(self, control: Locator, *_: str) -> None:
        await control.click()

    async def tick(self, box: Locator) -> None:
        await box.click()

    async def write(self, field: Locator, text: str, *_: str) -> None:
        await field.click()
        await self.page.keyboard.type(text)

    async def choose(self, menu: Locator, option: str) -> None:
        await menu.select_option(option)

    async def drag(self, card: Locator, onto: Locator, *_: str) -> None:
        await card.drag_to(onto, source_position={"x": 5, "y": 5})  # the middle may be the menu


@dataclass(frozen=True, slots=True)
class Keyboard:
    """Presses keys. A control without a shortcut is reached by Tab."""

    page: Page

    async def act(self, control: Locator, *keys: str) -> None:
        await expect(control).to_be_visible()
        await self._reach(control, *keys)
        if not keys:
            await self._press("Enter")

    async def tick(self, box: Locator) -> None:
        await self._reach(box)
        await self._press("Space")

    async def write(self, field: Locator, text: str, *keys: str) -> None:
        await self._reach(field, *keys)
        await expect(field).to_be_focused()
        await self.page.keyboard.type(text)

    async def choose(self, menu: Locator, option: str) -> None:
        await self._reach(menu)
        await self.page.keyboard.type(option)
        await expect(menu.locator("option:checked")).to_have_text(option)

    async def drag(self, card: Locator, onto: Locator, *keys: str) -> None:
        await expect(card).to_be_visible()
        await expect(onto).to_be_visible()
        await self._press(*keys)

    async def _reach(self, control: Locator, *keys: str) -> None:
        """Press the keys of a shortcut, or Tab until the control has the focus."""
        await self._press(*keys)
        if keys:
            return
        await expect(control).to_be_visible()
        for _ in range(MOST_TABS):
            if await control.evaluate(HAS_FOCUS):
                return
            await self._press("Tab")
        message = f"Tab does not reach {control}. It ends at {await self.page.evaluate(FOCUSED)}."
        raise AssertionError(message)

    async def _press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
