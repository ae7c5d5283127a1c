"""Built assets of pages: scripts, styles, fonts and images."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from server.http.compression import coding_of

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",  # file names contain a hash of the content
    "Vary": "Accept-Encoding",
}
ENDINGS: Mapping[str, str] = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}
"""The endings of the compressed assets that `web/compress.mjs` writes."""


class Assets(StaticFiles):
    """Static files with a hash of their content in the name, which browsers may cache for ever.

    A browser gets the compressed file in the coding that it accepts. `policy` is the Content-Security-Policy of the files.
    """

    def __init__(self, folder: Path, policy: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._policy = policy

    async def check_config(self) -> None:
        """Accept a missing folder: its files respond 404 until they are built."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        coding = coding_of(Headers(scope=scope).get("accept-encoding", ""), tuple(ENDINGS))
        path = os.fspath(full_path)
        packed = None if coding is None else f"{path}{ENDINGS[coding]}"
        stat_of_packed = None if packed is None else _stat(packed)
        if coding is None or packed is None or stat_of_packed is None:
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            response = super().file_response(packed, stat_of_packed, scope, status_code)
            response.headers["content-encoding"] = coding
            response.headers["content-type"] = FileResponse(path).headers["content-type"]
        response.headers.update({**HEADERS, "Content-Security-Policy": self._policy})
        return response


def _stat(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except OSError:
        return None
