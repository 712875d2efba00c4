"""Measures one model in several runners in one process: reads JSON requests, answers with JSON (see protocol.py).

{"do": "open", ...}    as in opening.py; writes the model with its sizes fixed
{"do": "measure", "runtime": FILE, "artifact": FILE, "threads": N, "repetitions": N, "peers": [NAME],
 "oracle": "float64" or "onnxruntime", "cache": DIR}
    {"runners": [{"name", "times_ms": [..], "error": X, "outputs": [..], "problem": TEXT}]}; the first one is ours.
    `error` is the largest of an output against the oracle's, as in comparison.py.
"""

import time

import bench_oracle
from bench_hwc import Hwc
from bench_iree import Iree
from bench_model import Model
from bench_peers import OnnxRuntime, OpenVino
from bench_timing import interleave
from comparison import compare, worst
from protocol import Refused, reason, serve

RUNNERS = {"hwc": Hwc, "ort": OnnxRuntime, "openvino": OpenVino, "iree": Iree}

# Longer than the worker threads of any runner spin after a call, seconds.
PAUSE = 20e-3


def measure(model, request):
    expected = bench_oracle.EXPECTED[request["oracle"]](model)
    rows, runners = [], {}
    for name in ["hwc", *request["peers"]]:
        row = {"name": name, "times_ms": [], "error": None, "outputs": [], "problem": None}
        rows.append(row)
        try:
            runner = RUNNERS[name](model, request)
            runner.run()
        except Exception as error:  # What one of them cannot do keeps nobody else from being measured.
            row["problem"] = reason(error)
            continue
        row["outputs"] = [compare(output, runner.results.get(output), value) for output, value in expected.items()]
        row["error"] = worst(row["outputs"])
        runners[name] = runner
    # One thread: what the process computes counts, not what others on the machine take away from it.
    one = request["threads"] == 1
    calls = {name: runner.run for name, runner in runners.items()}
    clock, pause = (time.process_time, 0.0) if one else (time.perf_counter, PAUSE)
    samples = interleave(calls, request["repetitions"], clock, pause)
    for row in rows:
        row["times_ms"] = [seconds * 1e3 for seconds in samples.get(row["name"], [])]
    return {"runners": rows}


def main():
    model = None

    def open_model(request):
        nonlocal model
        model = Model(request)
        return model.answer

    def measure_model(request):
        if model is None:
            raise Refused("no model is open")
        return measure(model, request)

    serve({"open": open_model, "measure": measure_model})


main()
