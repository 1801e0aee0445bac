"""The server: the page, its files and its requests, for this machine alone.

It listens on the loopback address, answers what the page sends, and refuses the rest with a
sentence, {"error": ...}, before anything has changed:

    403  a foreign Host (another site's name that was made to point here) or Origin
    404  a path that is not the page's        405  a method other than GET and POST
    411  a body without a length              413  a body over 1 MB
    400  what is not JSON, or not what the request takes
    503  a room whose models are not there yet
"""
import json
import re
import socketserver
import sys
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demos.playground.room import Refused

ADDRESS = "127.0.0.1"
OWN_NAMES = "127.0.0.1", "localhost"
LARGEST = 1_000_000  # bytes of a body
DISCARDED = 16 * LARGEST  # bytes of a larger one that are read, so that its sender hears why not
PATIENCE = 20  # seconds without a byte, after which a connection is closed
STATIC = Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
VISITOR = re.compile(r"[A-Za-z0-9-]{8,64}")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
                               "frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """Serves rooms and models at `url`. yours: names of the exercises that compute, if any do."""
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = sys.platform != "win32"  # there it would share a port that is taken

    def __init__(self, rooms, models, port=0):
        self.rooms, self.models, self.yours = {room.name: room for room in rooms}, models, []
        # Read once: a path is looked up here, and never leads to a file of any other folder.
        self.files = {f"/{path.name}": (path.read_bytes(), TYPES[path.suffix])
                      for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
        self.files["/"] = self.files["/index.html"]
        super().__init__((ADDRESS, port), Handler)
        self.url = f"http://{ADDRESS}:{self.server_port}/"

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks a name server for our name
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # who has gone needs no answer
            super().handle_error(request, client_address)

    def status(self):
        """What the page asks twice a second until all is ready."""
        return {
            "rooms": [{"name": room.name, "title": room.title, "needs": room.needs}
                      for room in self.rooms.values()],
            "models": {name: {**progress._asdict(), "text": str(progress)}
                       for name, progress in self.models.progress.items()},
            "data": {"images": self.models.images.name, "text": self.models.choice.text},
            "yours": self.yours,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for many requests
    default_request_version = "HTTP/1.0"  # of lines that name none: they too get headers
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_GET(self):
        self._answer(self._get)

    def do_POST(self):
        self._answer(self._post)

    def _answer(self, compute):
        """Send what compute() gives, or the sentence that says why not."""
        try:
            body = self._read_body()
            self._check_sender()
            content, kind = compute(body)
            self._send(200, content, kind)
        except Refused as error:
            self._send_error(error.status, str(error))
        except ValueError as error:  # a room cannot compute with this
            self._send_error(400, str(error))
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # a mistake in a room, or in an exercise that is in its place
            traceback.print_exc()
            self._send_error(500, f"{type(error).__name__}: {error}")

    def _get(self, body):
        path = self.path.partition("?")[0]
        if path == "/status":
            return as_json(self.server.status()), "application/json"
        if path not in self.server.files:
            raise Refused("there is no such page", 404)
        return self.server.files[path]

    def _post(self, body):
        room, _, request = self.path[1:].partition("/")
        if room not in self.server.rooms:
            raise Refused(f"there is no such room; there are {', '.join(self.server.rooms)}", 404)
        visitor = self.headers.get("X-Visitor", "")
        if not VISITOR.fullmatch(visitor):
            raise Refused("a request names its tab in the header X-Visitor, by 8 to 64 letters, "
                          "digits and dashes")
        try:
            values = json.loads(body, parse_constant=not_json)
        except (ValueError, RecursionError) as error:
            raise Refused(f"the body is not JSON: {error}") from error
        answer = self.server.rooms[room].answer(request, values, self.server.models, visitor)
        return as_json(answer), "application/json"

    def _check_sender(self):
        """Refuse what a page of another site sends through this machine's browser."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host.rpartition(":")[0] not in OWN_NAMES and host not in OWN_NAMES:
            raise Refused(f"this server answers to {' and '.join(OWN_NAMES)} only", 403)
        if origin is not None and origin != f"http://{host}":
            raise Refused("a page of another site has no business here", 403)

    def _read_body(self):
        length = self.headers.get("Content-Length", "0" if self.command == "GET" else None)
        if "Transfer-Encoding" in self.headers or length is None:
            self.close_connection = True
            raise Refused("a body needs a Content-Length", 411)
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            self.close_connection = True
            raise Refused("Content-Length is a whole number")
        length = int(length)
        if length > LARGEST:
            self.close_connection = True
            self._discard(min(length, DISCARDED))
            raise Refused(f"a body has at most {LARGEST:,} bytes, this one {length:,}", 413)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("the body was cut off")
        return body

    def _discard(self, left):
        while left > 0 and (part := self.rfile.read1(min(left, 65536))):
            left -= len(part)

    def send_error(self, code, message=None, explain=None):
        """What the base class refuses: methods, and lines that are not HTTP."""
        self.close_connection = True
        status = 405 if code == HTTPStatus.NOT_IMPLEMENTED else int(code)
        self._send_error(status, message or HTTPStatus(code).phrase)

    def _send_error(self, status, sentence):
        self._send(status, as_json({"error": sentence}), "application/json")

    def _send(self, status, content, kind):
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self):
        return "tinygen"

    def log_message(self, format, *args):
        """The terminal stays quiet."""


def as_json(value):
    return json.dumps(value, allow_nan=False).encode()


def not_json(constant):
    raise ValueError(f"{constant} is not a number")
