"""The tools of a server with which requests check and test webhooks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from services.webhooks.addresses import Fence
from services.webhooks.outcome import Outcome
from services.webhooks.rendering import Rendering

Send = Callable[[str, Mapping[str, str], bytes], Awaitable[Outcome]]
"""A function that sends headers and a body to a URL, within the fence."""


@dataclass(frozen=True, slots=True)
class WebhookTools:
    """The fence, the rendering of payloads, and a function that sends one message.

    Without a rendering, documents cannot be checked. Without `send`, tests send nothing.
    """

    fence: Fence = field(default_factory=Fence)
    rendering: Rendering | None = None
    send: Send | None = None
