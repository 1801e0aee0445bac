"""What the terminal can show: colours, ✓ and ✗, or plain ok and FAIL."""
import os
import sys


class Style:
    """Marks and colours for a stream; plain unless it is a terminal that can show them."""

    def __init__(self, stream=None):
        stream = stream or sys.stdout
        self.colour = stream.isatty() and "NO_COLOR" not in os.environ and (
            os.name != "nt" or "WT_SESSION" in os.environ)
        try:
            "✓✗★".encode(stream.encoding or "ascii")
            self.symbols = True
        except (UnicodeEncodeError, LookupError):
            self.symbols = False
        marks = self.colour and self.symbols
        self.ok = self._painted("✓   " if marks else "ok  ", 32)
        self.fail = self._painted("✗   " if marks else "FAIL", 31)
        self.left = self._painted("... ", 90)

    def stars(self, text):
        return text if self.symbols else len(text) * "*"

    def bold(self, text):
        return self._painted(text, 1)

    def faint(self, text):
        return self._painted(text, 90)

    def _painted(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.colour else text


class Plain(Style):
    """For files and web pages."""

    def __init__(self):
        self.colour, self.symbols = False, True
        self.ok, self.fail, self.left = "ok  ", "FAIL", "... "
