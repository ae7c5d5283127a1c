"""Receive webhooks: verify each message, handle it once, and answer at once.

    pip install standardwebhooks
    WEBHOOK_SECRET=whsec_… python examples/python/receive_webhooks.py 9000

A reverse proxy with TLS forwards `https://hooks.example.com/leadgraph` to this port.
"""

import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

LARGEST_BODY = 1_000_000


class Inbox:
    """The IDs of the handled messages. A message comes again if its answer was lost."""

    def __init__(self, path: str) -> None:
        self._path = path
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")

    def handle(self, message_id: str, event: Any) -> None:
        """Handle the event unless its ID is known. Both are one transaction."""
        with sqlite3.connect(self._path) as database:
            new = database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [message_id]).rowcount
            if new:
                print(event["type"], event["data"]["id"], flush=True)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to handled messages, 400 to wrong signatures, and 500 if the handling fails."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > LARGEST_BODY:
            self.answer(413)
            return
        body = self.rfile.read(length)
        try:
            event = webhook.verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            self.answer(400)
            return
        inbox.handle(self.headers["webhook-id"], event)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the output to the events."""


if __name__ == "__main__":
    webhook = Webhook(os.environ["WEBHOOK_SECRET"])
    inbox = Inbox(os.environ.get("WEBHOOK_INBOX", "inbox.db"))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print("Listening", flush=True)
    server.serve_forever()
