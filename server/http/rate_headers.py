"""The rate limit in answers: the headers of draft-ietf-httpapi-ratelimit-headers, and the refusal."""

from functools import cache

from resolvers.framework.errors import RATE_LIMITED
from server.http.protocol import RequestError
from services.accounts.rate_limit import KEYS_OF_USER, SECONDS, RateLimit


class RateLimitedError(RequestError):
    """The key or the user has used up its points."""

    code = RATE_LIMITED

    def __init__(self, state: RateLimit) -> None:
        message = (
            f"The request costs {state.cost:,} points and {state.remaining:,} are left of {state.limit:,} per "
            f"{SECONDS} seconds. Nothing was executed. Retry after {state.retry_seconds} seconds, or request fewer objects."
        )
        super().__init__(429, message, rate_headers(state) | {"retry-after": str(state.retry_seconds)})


def rate_headers(state: RateLimit) -> dict[str, str]:
    """Return the policies of key and user, and the points that are left in the bucket with fewer points."""
    of_key = state.limit if state.policy == "default" else state.limit // KEYS_OF_USER
    return {
        "ratelimit-policy": _policies(of_key),
        "ratelimit": f'"{state.policy}";r={state.remaining};t={state.reset_seconds}',
    }


@cache
def _policies(of_key: int) -> str:
    return f'"default";q={of_key};w={SECONDS}, "user";q={KEYS_OF_USER * of_key};w={SECONDS}'
