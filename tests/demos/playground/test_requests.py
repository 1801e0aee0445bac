"""Every request of every room: its example is answered, and what is wrong with it refused."""
import json
import math

import pytest

from demos.playground.rooms import all_rooms

REQUESTS = [(room.name, name) for room in all_rooms() for name in room.requests]
every_request = pytest.mark.parametrize("room, name", REQUESTS,
                                        ids=map("/".join, REQUESTS))
WRONG = [None, True, -1e9, 1e300, "", "x" * 5000, "\ud800", [], [[]] * 5000, {}, [None], "AAAA",
         [math.inf], ["a"], [1e300], {"a": {"b": []}}]


def example(server, room, name):
    """The values of a request's example, after those before it were sent."""
    return next(values for found, values in server.rooms[room].examples(server.models)
                if found == name)


@every_request
def test_the_example_is_answered(server, ask, room, name):
    status, answer = ask(room, name, example(server, room, name))
    assert status == 200, answer
    assert finite(answer)


@every_request
def test_a_field_too_few_too_many_or_wrong_is_refused(server, ask, room, name):
    values, (fields, _) = example(server, room, name), server.rooms[room].requests[name]
    refused(ask(room, name, {**values, "more": 1}), "'more' is unknown")
    for field in fields:
        if not hasattr(fields[field], "may_be_left_out"):
            refused(ask(room, name, {key: values[key] for key in values if key != field}),
                    f"{field!r} is missing")
        said = [ask(room, name, {**values, field: wrong}) for wrong in WRONG]
        # A few of these may be right for this field, but not many.
        assert sum(status == 400 for status, _ in said) >= len(WRONG) - 5, (field, said)
        for status, answer in said:
            assert status == 200 or answer["error"], (field, status, answer)
            assert status in (200, 400)


@every_request
def test_other_values_are_refused(ask, room, name):
    for values in ([], "text", 1, None, [{}]):
        refused(ask(room, name, values), "a request is a JSON object")


def refused(said, sentence):
    status, answer = said
    assert status == 400 and sentence in answer["error"], said


def finite(value):
    json.dumps(value, allow_nan=False)
    return True
