"""The classroom: 24 exercises on the real engine. In a terminal: python -m demos exercises

In a notebook, the same check on functions that are there:

    from demos.exercises import check
    check(8, softmax)
    check(22, mean_by_loops, mean_by_product, attention)
"""


def check(number, *answers, seed=None):
    """Check the answer to an exercise in this process, print what came of it -> whether it passed.

    answers: the functions or classes that the task names, in any order. seed: the cases of an
    earlier check. Raises ValueError unless all that the task names is given.
    """
    import types

    from demos.exercises import checking, exercise, messages
    from demos.exercises.__main__ import fresh
    from demos.exercises.terminal import Plain

    found = exercise.find(number)
    given = {answer.__name__: answer for answer in answers}
    if found.single and len(answers) == 1:
        answer = answers[0]
    elif set(given) == set(found.names):
        answer = types.SimpleNamespace(**given)
    else:
        raise ValueError(f"check: exercise {number:02d} asks for {', '.join(found.names)}; got "
                         f"{', '.join(given) or 'nothing'}")
    result = checking.check_answer(found, answer, fresh(seed))
    print(messages.page(result, Plain(), [f"Again: the same call with seed={result.seed}"]))
    return result.verdict.failure is None
