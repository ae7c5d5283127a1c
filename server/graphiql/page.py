"""The GraphiQL page, served from local files under a strict Content-Security-Policy.

`web/build.py` builds the files. Without them, the page shows how to build them, and how to call the API with curl.
"""

import html
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount

from server.graphiql.tabs import Tab
from server.http import protocol
from server.http.static_files import Assets

BUILT = Path(__file__).parents[1] / "static" / "graphiql"

# The page's configuration is data, not a script. Only styles may be inline, since Monaco inserts style elements.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # the page contains a key
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
<p>The files of GraphiQL are missing. Run <code>make web</code> and reload this page. The server need not restart.</p>
<p>The API itself works:</p>
<pre>{command}</pre>
</body>
</html>
"""


def is_for(request: Request) -> bool:
    """Return whether the page answers the request, because a browser opens the page or a link with a query.

    The page reads the parameters of a link and shows them. No part of a link runs before its reader runs it.
    """
    given = request.query_params
    is_link = "query" in given or not given
    return (
        is_link
        and request.method in protocol.READING
        and protocol.media_type_of(request, html=True) == protocol.HTML
    )


def page(
    *, endpoint: str, origin: str, api_key: str | None, tabs: Sequence[Tab], built: Path = BUILT
) -> Response:
    """Return the GraphiQL page, or a page with build instructions if the folder `built` lacks the files.

    `endpoint` is the path of the API, and `origin` is the start of its URL, such as `http://127.0.0.1:8000`.
    `api_key` fills the headers editor, so every visitor of the page gets the key. `tabs` are open on the first
    visit. On later visits, the browser restores its own tabs.
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
    """Return the route of scripts, workers, styles and fonts. It also serves files built after the start."""
    # A worker obeys the policy of its own file.
    return Mount("/graphiql/assets", app=Assets(built / "assets", POLICY))


def script_data(config: Mapping[str, object]) -> str:
    """Return JSON for a script element. Without `<`, the data can neither end the element nor open another."""
    return json.dumps(config).replace("<", "\\u003c")


def curl(url: str, headers: Mapping[str, str], example: Tab) -> str:
    """Return a command for a POSIX shell that runs the example."""
    body = {"query": example.query, "variables": example.variables or {}}
    header_lines = [
        f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()
    ]
    lines = [f"curl {shlex.quote(url)}", *(f"-H {shlex.quote(header)}" for header in header_lines)]
    return " \\\n  ".join([*lines, f"-d {shlex.quote(json.dumps(body))}"])
