"""What the server refuses, and that it goes on whatever comes."""
import http.client
import json
import socket
import threading
from types import SimpleNamespace

import pytest

from demos.playground.fields import whole
from demos.playground.measure import Client
from demos.playground.models import Models
from demos.playground.recipes import Choice
from demos.playground.room import VISITORS, Room
from demos.playground.server import HEADERS, LARGEST, Server

HEAD = "POST /counter/add HTTP/1.1\r\nHost: localhost\r\nX-Visitor: 12345678\r\n"


class Counter:
    def __init__(self, models):
        self.total = 0


@pytest.fixture
def rooms():
    """A room with a memory, and one whose model is not there."""
    counter, closed = Room("counter", "Counter", memory=Counter), Room("closed", "Closed", ("vae",))

    @counter.answers(number=whole(0, 9))
    def add(models, memory, number):
        if number == 9:
            raise ZeroDivisionError("nine")
        if number == 8:
            raise ValueError("eight cannot be added")
        memory.total += number
        return {"total": memory.total}

    @closed.answers()
    def look(models):
        raise AssertionError("never called")
    return [counter, closed]


DATA = SimpleNamespace(images=SimpleNamespace(name="none"), text="none")


@pytest.fixture
def small(rooms):
    with Server(rooms, Models(Choice(), DATA, ("vae",))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def total(small):
    """total() -> the counter's, which stands at 5, and with that the server is at work."""
    client = Client(small, "12345678")
    client.ask("counter", "add", {"number": 5})
    return lambda: Client(small, "12345678").ask("counter", "add", {"number": 0})[1]["total"]


def send(server, method="POST", path="/counter/add", body=b'{"number": 1}', headers=()):
    """One request -> status, headers, what came as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request(method, path, body, {"X-Visitor": "12345678", **dict(headers)})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(text) if text else None


def raw(server, data, read=True):
    """Bytes on a connection of their own -> what came back; read=False closes it at once."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        connection.sendall(data)
        if not read:
            return b""
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_listens_on_this_machine_alone(small):
    assert small.server_address[0] == "127.0.0.1" and small.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("change, status, sentence", [
    (dict(headers={"Host": "evil.example"}), 403, "127.0.0.1 and localhost only"),
    (dict(headers={"Host": "localhost.evil.example:80"}), 403, "127.0.0.1 and localhost only"),
    (dict(headers={"Host": "127.0.0.1.evil.example"}), 403, "127.0.0.1 and localhost only"),
    (dict(headers={"Origin": "http://evil.example"}), 403, "another site"),
    (dict(headers={"Origin": "http://localhost:1"}), 403, "another site"),
    (dict(headers={"Origin": "null"}), 403, "another site"),
    (dict(method="GET", path="/", body=None, headers={"Host": "evil.example"}), 403, "only"),
    (dict(headers={"X-Visitor": ""}), 400, "X-Visitor"),
    (dict(headers={"X-Visitor": "../../etc"}), 400, "X-Visitor"),
    (dict(path="/counter/drop"), 404, "it has add"),
    (dict(path="/counter"), 404, "it has add"),
    (dict(path="/nowhere/add"), 404, "there are counter, closed"),
    (dict(path="/closed/look", body=b"{}"), 503, "the VAE is waiting"),
    (dict(body=b""), 400, "not JSON"),
    (dict(body=b"{"), 400, "not JSON"),
    (dict(body=b"\xff\xfe\x00"), 400, "not JSON"),
    (dict(body=b"[" * 100_000), 400, "not JSON"),
    (dict(body=b'{"number": NaN}'), 400, "NaN is not a number"),
    (dict(body=b'{"number": -Infinity}'), 400, "-Infinity is not a number"),
    (dict(body=b'{"number": 1e999}'), 400, "a whole number from 0 to 9 is needed"),
    (dict(body=b'{"number": ' + b"9" * 5000 + b"}"), 400, "not JSON"),
    (dict(body=b"[1]"), 400, "a request is a JSON object"),
    (dict(body=b'{"number": 1.0}'), 400, "a whole number from 0 to 9 is needed, got 1.0"),
    (dict(body=b'{"number": 8}'), 400, "eight cannot be added"),
    (dict(body=b" " * (2 * LARGEST)), 413, "at most 1,000,000 bytes, this one 2,000,000"),
    (dict(headers={"Content-Length": "-1"}), 400, "Content-Length"),
    (dict(headers={"Content-Length": "1e3"}), 400, "Content-Length"),
    (dict(headers={"Transfer-Encoding": "chunked"}, body=b"0\r\n\r\n"), 411, "Content-Length"),
    (dict(method="PUT"), 405, "PUT"),
    (dict(method="DELETE"), 405, "DELETE"),
    (dict(method="OPTIONS"), 405, "OPTIONS"),
    *((dict(method="GET", path=path, body=None), 404, "no such page") for path in (
        "/server.py", "/../server.py", "/static/../server.py", "/%2e%2e/server.py", "//etc/passwd",
        "/..%2fserver.py", "/.", "/counter/add", "/%00", "/" + "x" * 5000)),
])
def test_what_is_refused_says_why_and_changes_nothing(small, total, change, status, sentence):
    got, headers, answer = send(small, **change)
    assert (got, list(answer)) == (status, ["error"])
    assert sentence in answer["error"]
    assert not HEADERS.items() - headers.items()
    assert total() == 5


@pytest.mark.parametrize("data, said", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    (b"GET / HTTP/9.9\r\n\r\n", b"505"),
    (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
    (b"\r\n\r\n", b""),
    (f"{HEAD}Content-Length: 100\r\n\r\n{{".encode(), b""),
    (HEAD.encode(), b""),
])
def test_nonsense_and_requests_that_are_cut_off_end_their_own_connection_only(
        small, total, capfd, data, said):
    got = raw(small, data)
    assert said in got[:20] and (not got or b'{"error": ' in got)
    raw(small, data, read=False)
    assert total() == 5
    assert capfd.readouterr() == ("", "")


def test_slow_clients_keep_nobody_waiting(small, total):
    waiting = [socket.create_connection(("127.0.0.1", small.server_port)) for _ in range(20)]
    for connection in waiting:
        connection.sendall(HEAD.encode())
    assert total() == 5
    waiting[0].sendall(b'Content-Length: 13\r\nConnection: close\r\n\r\n{"number": 2}')
    assert b'{"total": 7}' in b"".join(iter(lambda: waiting[0].recv(4096), b""))
    for connection in waiting:
        connection.close()


def test_a_mistake_in_a_room_is_told_and_the_room_goes_on(small, total, capfd):
    status, _, answer = send(small, body=b'{"number": 9}')
    assert (status, answer) == (500, {"error": "ZeroDivisionError: nine"})
    assert "nine" in capfd.readouterr().err
    assert total() == 5


def test_tabs_have_a_state_each_and_the_one_that_is_away_longest_is_forgotten(small, total):
    other = Client(small, "another-tab")
    assert other.ask("counter", "add", {"number": 2})[1] == {"total": 2}
    assert total() == 5
    for number in range(VISITORS - 1):
        Client(small, f"tab-{number:05}").ask("counter", "add", {"number": 1})
    assert other.ask("counter", "add", {"number": 2})[1] == {"total": 2}, "it was still there"


def test_requests_of_one_tab_do_not_get_in_each_others_way(small):
    def add():
        client = Client(small, "busy-tab")
        for _ in range(25):
            client.ask("counter", "add", {"number": 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Client(small, "busy-tab").ask("counter", "add", {"number": 0})[1] == {"total": 100}


def test_the_page_and_its_files(small):
    connection = http.client.HTTPConnection("127.0.0.1", small.server_port)
    for path, kind in (("/", "text/html"), ("/main.js?1", "text/javascript"),
                       ("/style.css", "text/css")):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.headers.get_content_type()) == (200, kind)
        text = answer.read().decode()
        assert "http:" not in text and "https:" not in text, f"{path} names another address"
