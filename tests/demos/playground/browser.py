"""A headless browser, driven by the DevTools protocol over a websocket of the standard library.

    with Browser(path, folder) as browser:
        page = browser.open(url)
        page.until("document.title.length")      the value, once it is true
        page.errors                                         what its console complained about
"""
import base64
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
         "msedge", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
KEY_CODES = {"Backspace": 8, "Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37,
             "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46}
PATIENCE = 30  # seconds


def installed():
    """The path of a browser that speaks the protocol, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    def __init__(self, path, folder):
        # Only the server's own address can be reached: whatever else the page asks for is an error.
        self.process = subprocess.Popen(
            [path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--remote-debugging-port=0", f"--user-data-dir={folder}",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = Path(folder, "DevToolsActivePort")
        deadline = time.monotonic() + PATIENCE
        while not (told.exists() and told.read_text(encoding="utf-8").count("\n")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                raise OSError(f"{path} does not start")
            time.sleep(0.05)
        self.port = int(told.read_text(encoding="utf-8").split()[0])

    def open(self, url, width=1280, height=900):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("PUT", "/json/new?about:blank")
        target = json.loads(connection.getresponse().read())
        page = Page(self.port, target["webSocketDebuggerUrl"].partition(str(self.port))[2])
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        page.call("Page.navigate", url=url)
        page.until(f"location.href === {url!r} && document.readyState === 'complete'")
        return page

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()


class Page:
    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket"
                             f"\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline().strip():
            pass
        self.count, self.errors = 0, []
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Call a method of the protocol -> its result. Events that come meanwhile are looked at."""
        self.count += 1
        self._send(json.dumps({"id": self.count, "method": method, "params": parameters}))
        while True:
            message = self._receive()
            if message.get("id") == self.count:
                assert "error" not in message, message["error"]
                return message["result"]
            self._note(message)

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, expression):
        """The value of a JavaScript expression, once it is true (an element is not a value)."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"never true: {expression}; {self.errors}"
            time.sleep(0.03)
        return value

    def rest(self):
        """Wait until all that the page asked for has been answered."""
        self.until("!document.body.hasAttribute('data-asking')")

    def drag(self, selector, *points):
        """Press, move and release the mouse on an element; points: shares of its width and height.
        """
        box = self.evaluate(f"""(() => {{
            const element = document.querySelector({selector!r});
            element.scrollIntoView({{ block: "center" }});
            const box = element.getBoundingClientRect();
            return [box.left, box.top, box.width, box.height]; }})()""")
        places = [(box[0] + x * box[2], box[1] + y * box[3]) for x, y in points]
        kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*places, places[-1]]):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1,
                      clickCount=1)

    def press(self, key, text=None):
        """Press and release a key, such as ArrowLeft, or a character with its text."""
        code = KEY_CODES.get(key, ord(key[0]))  # what sliders and buttons go by
        typed = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                      **typed)

    def close(self):
        self._send(json.dumps({"id": 0, "method": "Page.close"}))
        self.socket.close()

    def _note(self, message):
        told = message.get("params", {})
        if message["method"] == "Runtime.exceptionThrown":
            self.errors.append(told["exceptionDetails"])
        elif message["method"] == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.errors.append(told["args"])
        elif message["method"] == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])

    def _send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = (struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else
                  struct.pack("!BH", 0xFE, len(data)) if len(data) < 65536 else
                  struct.pack("!BQ", 0xFF, len(data)))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def _receive(self):
        """One message, which may come in several frames."""
        data, last = b"", False
        while not last:
            first, length = self.stream.read(2)
            last, length = first & 0x80, length & 0x7F
            if length >= 126:
                size = 2 if length == 126 else 8
                length = int.from_bytes(self.stream.read(size), "big")
            data += self.stream.read(length)
        return json.loads(data)
