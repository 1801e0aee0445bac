"""How long the answers take, over HTTP, as a browser would ask."""
import http.client
import json
import threading
import time

from tinygen.backend import np

ROUNDS = 200
LIMIT = 50  # milliseconds, at the 95th percentile


class Client:
    """Asks a server for one visitor, over one connection."""

    def __init__(self, server, visitor="0000-measure"):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        self.headers = {"Content-Type": "application/json", "X-Visitor": visitor}

    def ask(self, room, request, values):
        """-> status, what the answer holds"""
        self.connection.request("POST", f"/{room}/{request}", json.dumps(values), self.headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def measure(server):
    """Print the time of each example of each room -> exit status, 1 if one is over the limit."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client, late = Client(server), []
    print(f"{'milliseconds':<28}{'median':>8}{'95 %':>8}")
    for room in server.rooms.values():
        room.check_open(server.models)
        for request, values in room.examples(server.models):
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                status, answer = client.ask(room.name, request, values)
                times.append(1000 * (time.perf_counter() - start))
                if status != 200:
                    raise ValueError(f"{room.name}/{request}: {answer['error']}")
            middle, high = np.percentile(times, [50, 95])
            late += [f"{room.name}/{request}"] * bool(high > LIMIT)
            print(f"{room.name + '/' + request:<28}{middle:>8.1f}{high:>8.1f}", flush=True)
    print(f"over {LIMIT} ms: {', '.join(late)}" if late else f"all within {LIMIT} ms")
    return 1 if late else 0
