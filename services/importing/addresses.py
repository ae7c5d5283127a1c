"""Web addresses of imported posts."""

import re
from urllib.parse import quote, urljoin

from db.models import Platform
from services.ingest import values

# The site of each platform that has one site, and the relative addresses of posts there.
_SITES = {
    Platform.REDDIT: ("https://www.reddit.com/", r"/?(?:r|u|user|comments)/.+"),
    Platform.HACKERNEWS: ("https://news.ycombinator.com/", r"/?item\?id=.+"),
    Platform.X: ("https://x.com/", r"/.+"),
    Platform.BLUESKY: ("https://bsky.app/", r"/?profile/.+"),
    Platform.LINKEDIN: ("https://www.linkedin.com/", r"/.+"),
    Platform.GITHUB: ("https://github.com/", r"/.+"),
    Platform.YOUTUBE: ("https://www.youtube.com/", r"/?(?:watch\?|shorts/|post/|channel/|@).+"),
    Platform.STACKOVERFLOW: ("https://stackoverflow.com/", r"/.+"),
    Platform.DEVTO: ("https://dev.to/", r"/.+"),
}
_BLUESKY_POST = re.compile(r"at://([^/\s]+)/app\.bsky\.feed\.post/([^/\s]+)")
_WITHOUT_SCHEME = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?", re.ASCII | re.IGNORECASE)
_REDDIT_ID = re.compile(r"(t1_|t3_)?([0-9a-z]{2,10})", re.ASCII)


def full_address(value: object, platform: Platform) -> str:
    """Return the http or https URL of a value, which can be relative to the platform's site.

    Raises `InvalidValueError`.
    """
    address = values.text(value, values.LONGEST["url"])
    if not values.is_web_address(address):
        address = _completed(address, platform)
    return values.url(address)


def _completed(address: str, platform: Platform) -> str:
    if bluesky := _BLUESKY_POST.fullmatch(address):
        return _bluesky(bluesky)
    if address.startswith("//"):
        return f"https:{address}"
    site, posts = _SITES.get(platform, ("", r"(?!)"))
    if re.fullmatch(posts, address):
        return urljoin(site, address if address.startswith("/") else f"/{address}")
    if _WITHOUT_SCHEME.fullmatch(address):
        return f"https://{address}"
    return address


def address_of(external_id: str, thread: str, platform: Platform) -> str:
    """Return the address of a post without one, or an empty string. `thread` is the ID of its thread or video."""
    if platform == Platform.HACKERNEWS:
        return "https://news.ycombinator.com/item?id=" + quote(external_id, safe="")
    if values.is_web_address(external_id):
        return external_id
    if bluesky := _BLUESKY_POST.fullmatch(external_id):
        return _bluesky(bluesky)
    find = _FROM_IDS.get(platform)
    return "" if find is None else find(external_id, thread)


def _bluesky(post: re.Match[str]) -> str:
    return f"https://bsky.app/profile/{post[1]}/post/{post[2]}"


def _x(external_id: str, _: str) -> str:
    return f"https://x.com/i/status/{external_id}" if external_id.isdecimal() else ""


def _youtube(external_id: str, video: str) -> str:
    external_id, video = quote(external_id, safe=""), quote(video, safe="")
    comment = f"&lc={external_id}" if video and video != external_id else ""
    return f"https://www.youtube.com/watch?v={video or external_id}{comment}"


def _reddit(external_id: str, thread: str) -> str:
    post, parent = _REDDIT_ID.fullmatch(external_id), _REDDIT_ID.fullmatch(thread)
    if post is None or (post[1] == "t1_" and parent is None):
        return ""
    if parent is not None and parent[2] != post[2]:
        return f"https://www.reddit.com/comments/{parent[2]}/_/{post[2]}/"
    return f"https://www.reddit.com/comments/{post[2]}/"


_FROM_IDS = {Platform.X: _x, Platform.YOUTUBE: _youtube, Platform.REDDIT: _reddit}
