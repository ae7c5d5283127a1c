"""GraphiQL, served from files of our own under a strict Content-Security-Policy.

`web/build.py` makes the files. Where they are missing, the page says so and shows how to ask without them.
"""

import html
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from server.graphiql.tabs import Tab

BUILT = Path(__file__).parents[1] / "static" / "graphiql"

# The page's configuration is data and no script. Monaco writes style elements, hence the one exception.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # it holds a key
}
ASSET_HEADERS = {
    "Content-Security-Policy": POLICY,  # a worker obeys the policy of its own file, not the page's
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",  # their names hold a hash of their content
}

UNCONFIGURED = '<script type="application/json" id="graphiql-config">{}</script>'

MISSING = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Leadgraph GraphiQL</title>
<style>
body {{ margin: 3rem auto; max-width: 48rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }}
pre {{ padding: 1rem; background: #8882; border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
</head>
<body>
<h1>GraphiQL is not built yet</h1>
<p>Its files are missing. Run <code>make web</code> and load this page again; the server may go on running.</p>
<p>The API itself works:</p>
<pre>{command}</pre>
</body>
</html>
"""


def page(
    *, endpoint: str, origin: str, api_key: str | None, tabs: Sequence[Tab], built: Path = BUILT
) -> Response:
    """The GraphiQL page, or one that says how to build it where `built` holds no page.

    `endpoint` is the path that questions go to, and `origin` what stands before it in an address, such as
    `http://127.0.0.1:8000`. `api_key` fills the headers editor: whoever may see the page has the key. `tabs`
    are open on a browser's first visit; later ones find the tabs as they were left.
    """
    headers = None if api_key is None else {"Authorization": f"Bearer {api_key}"}
    try:
        template = (built / "index.html").read_text("utf-8")
    except FileNotFoundError:
        command = curl(origin + endpoint, headers or {}, tabs[0] if tabs else Tab("", "{ __typename }"))
        missing = MISSING.format(command=html.escape(command))
        return HTMLResponse(missing, status_code=503, headers=PAGE_HEADERS)
    config = {"endpoint": endpoint, "headers": headers, "tabs": [asdict(tab) for tab in tabs]}
    configured = UNCONFIGURED.replace("{}", script_data(config))
    return HTMLResponse(template.replace(UNCONFIGURED, configured), headers=PAGE_HEADERS)


def assets(*, built: Path = BUILT) -> Mount:
    """The route to the scripts, workers, styles and fonts that the page names; files built later are found too."""
    return Mount("/graphiql/assets", app=Assets(directory=built / "assets", check_dir=False))


class Assets(StaticFiles):
    """Files whose names change with their content, so a browser may keep them for good."""

    async def check_config(self) -> None:
        """Accepts a folder that is not there yet: its files are then missing, which is no error of the server."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(ASSET_HEADERS)
        return response


def script_data(config: Mapping[str, object]) -> str:
    """JSON that may stand in a script element: without `<` nothing in it can end the element or open another."""
    return json.dumps(config).replace("<", "\\u003c")


def curl(url: str, headers: Mapping[str, str], example: Tab) -> str:
    """A command for a POSIX shell that asks the example's question."""
    body = {"query": example.query, "variables": example.variables or {}}
    sent = [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    lines = [f"curl {shlex.quote(url)}", *(f"-H {shlex.quote(header)}" for header in sent)]
    return " \\\n  ".join([*lines, f"-d {shlex.quote(json.dumps(body))}"])
