"""Requests and answers: one line of JSON each, on standard input and output.

An answer {"error": TEXT} says why a request could not be served.
"""

import json
import math
import os
import sys


class Refused(Exception):
    """What is asked for cannot be done, for a reason that needs no name of an exception to be understood."""


def finite(value):
    """JSON has no infinity and no NaN; null stands for both."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def reason(error):
    return str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"


def serve(handlers):
    """Answers each request {"do": NAME, ...} by the handler of that name until there are no more."""
    # Libraries print to standard output; answers keep it, and what else is written there goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request["do"]](request)
        except Exception as error:  # Whatever a foreign model provokes is the answer; the next request goes on.
            answer = {"error": reason(error)}
        print(json.dumps(finite(answer)), file=answers, flush=True)
