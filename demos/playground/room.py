"""A room of the playground: its requests, and what it keeps for each visitor.

    ROOM = Room("draw", "Draw", needs=("autoencoder", "vae"))

    @ROOM.answers(pixels=image(28), of=whole(0, 15))
    def heat(models, pixels, of):
        ...
        return {"heat": as_numbers(gradient)}

    @ROOM.sends
    def examples(models):
        return [("heat", {"pixels": as_bytes(models.images.x_test[0])["data"], "of": 3})]

A room with memory names a function that makes a visitor's own state, and gets it with each request:

    ROOM = Room("game", "Game", memory=Game)

    @ROOM.answers(count=whole(1, 50))
    def train(models, game, count):
        ...
"""
import threading
from collections import OrderedDict

VISITORS = 32  # tabs of a room whose state is kept; the one that was away longest leaves first


class Refused(ValueError):
    """A request that is not answered: a sentence that says why, and its HTTP status."""

    def __init__(self, sentence, status=400):
        super().__init__(sentence)
        self.status = status


class Room:
    """name: of its files. title: of its tab. needs: the models without which it stays closed.
    memory: a function of the models that makes what the room keeps for one visitor.

    A function that `answers` raises ValueError for what it cannot compute: the page shows it.
    Every request has an example, which --measure sends to measure it, and the tests to change it
    into what has to be refused.
    """

    def __init__(self, name, title, needs=(), memory=None):
        self.name, self.title, self.needs, self.memory = name, title, needs, memory
        self.requests = {}  # name -> (fields, function)
        self.examples = lambda models: []
        self._visitors, self._door = OrderedDict(), threading.Lock()

    def answers(self, **fields):
        """Let the function answer the request that is called as it is; fields: what it takes."""
        def add(function):
            self.requests[function.__name__] = fields, function
            return function
        return add

    def sends(self, function):
        """Let function(models) give the examples, [(request, values), ...], in a sensible order."""
        self.examples = function
        return function

    def answer(self, name, values, models, visitor):
        """What the request `name` gives.  values: a dict from JSON -> a dict for JSON

        visitor: the name of a tab. Raises Refused, before anything has changed.
        """
        if name not in self.requests:
            raise Refused(f"{self.title} has no request {name!r}; it has "
                          f"{', '.join(self.requests)}", 404)
        fields, function = self.requests[name]
        checked = check(fields, values)
        self.check_open(models)
        if self.memory is None:
            return function(models, **checked)
        lock, state = self._state_of(visitor, models)
        with lock:  # a visitor's requests come one after the other
            return function(models, state, **checked)

    def check_open(self, models):
        """Raise Refused unless all the models that the room needs are there."""
        for name in self.needs:
            models[name]

    def _state_of(self, visitor, models):
        with self._door:
            if visitor not in self._visitors:
                self._visitors[visitor] = threading.Lock(), self.memory(models)
                if len(self._visitors) > VISITORS:
                    self._visitors.popitem(last=False)
            self._visitors.move_to_end(visitor)
            return self._visitors[visitor]


def check(fields, values):
    """Each field's value, checked. Raises Refused for one too few, one too many, or a wrong one."""
    if type(values) is not dict:
        raise Refused(f"a request is a JSON object, got {type(values).__name__}")
    unknown = [name for name in values if name not in fields]
    missing = [name for name, field in fields.items()
               if name not in values and not hasattr(field, "may_be_left_out")]
    if unknown or missing:
        raise Refused(f"the request takes {', '.join(fields) or 'nothing'}; " + " and ".join(
            [*(f"{name!r} is missing" for name in missing),
             *(f"{name[:40]!r} is unknown" for name in unknown[:3])]))
    checked = {}
    for name, field in fields.items():
        try:
            checked[name] = field(values.get(name))
        except ValueError as error:
            raise Refused(f"{name}: {error}") from error
    return checked
