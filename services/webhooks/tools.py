"""The tools of a server with which requests check and test webhooks."""

from dataclasses import dataclass, field

from services.webhooks.addresses import Fence
from services.webhooks.rendering import Rendering


@dataclass(frozen=True, slots=True)
class WebhookTools:
    """The fence, and the rendering of payloads. Without a rendering, documents cannot be checked."""

    fence: Fence = field(default_factory=Fence)
    rendering: Rendering | None = None
