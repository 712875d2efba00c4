"""Times of several runners, taken in turn."""

import gc
import math
import time

# A sample is the mean of as many calls as take about this long, seconds.
SAMPLE = 2e-3
MOST_CALLS = 50
# A runner whose call is longer than this needs no call before the sample to have its data in the caches, seconds.
LONG = 20e-3


def interleave(runners, repetitions, clock, pause):
    """{NAME: [seconds of one call]} with a sample for each repetition.

    In each repetition every runner gets its turn, beginning with another one each time: `pause` seconds for the threads
    of the one before to fall asleep, a call that brings its data into the caches, the sample."""
    calls = {name: calls_of(run, clock) for name, run in runners.items()}
    samples = {name: [] for name in runners}
    names = list(runners)
    gc.disable()
    for repetition in range(repetitions):
        start = repetition % len(names)
        for name in names[start:] + names[:start]:
            time.sleep(pause)
            samples[name].append(sample(runners[name], *calls[name], clock))
    gc.enable()
    return samples


def calls_of(run, clock):
    """How many calls a sample has, and whether one goes before it."""
    run()
    start = clock()
    run()
    seconds = max(clock() - start, 1e-9)
    return min(math.ceil(SAMPLE / seconds), MOST_CALLS), seconds < LONG


def sample(run, calls, warm, clock):
    if warm:
        run()
    start = clock()
    for _ in range(calls):
        run()
    return (clock() - start) / calls
