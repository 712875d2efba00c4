"""ONNX Runtime as oracle and peer: reads one JSON request a line, answers each with one line of JSON.

{"do": "open", "model": FILE, "dims": [..], "values": {NAME: NUMBER or FILE}, "inputs": {NAME: FILE}, "seed": N, "dir": DIR}
    Fixes the shapes, writes an .npy file for each input to DIR; seeded random values where `values` and `inputs` give none.
    `dims` has entries NAME=N (a symbolic dimension) and INPUT.AXIS=N; those that do not concern the model are left out
    of the answer {"inputs": [[NAME, FILE]], "values": [[NAME, FILE]], "dims": [..], "bytes": N}.
{"do": "reference"}          runs the model once; {"outputs": [NAME]}
{"do": "compare", "dir": DIR} compares with NAME.npy in DIR; {"worst": X, "oracle_error": X, "outputs": [{"name", "error", "scale"}]}
{"do": "time", "threads": N, "runs": N}  {"times_ms": [..]}
"""

import pathlib
import re
import time

import numpy as np
import onnxruntime
from comparison import compare, worst
from opening import Model
from protocol import Refused, serve


class Reference:
    """ONNX Runtime on one model."""

    def __init__(self, model):
        self.model = model
        self.sessions = {}

    def session(self, threads, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
        if (threads, level) not in self.sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            options.graph_optimization_level = level
            session = onnxruntime.InferenceSession(self.model.path, options, providers=["CPUExecutionProvider"])
            self.sessions[threads, level] = session
        return self.sessions[threads, level]

    def reference(self, _request):
        session = self.session(1)
        self.outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, self.model.inputs)))
        return {"outputs": list(self.outputs)}

    def compare(self, request):
        directory = pathlib.Path(request["dir"])
        rows = [compare(name, load(name, directory), expected) for name, expected in self.outputs.items()]
        return {"worst": worst(rows), "oracle_error": self.own_error(), "outputs": rows}

    def own_error(self):
        """The oracle against itself, with its optimizations and without: what rounding alone does to this model."""
        plain = self.session(1, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, self.model.inputs)
        return worst([compare(name, other, self.outputs[name]) for name, other in zip(self.outputs, plain)])

    def time(self, request):
        session = self.session(request["threads"])
        session.run(None, self.model.inputs)
        times = []
        for _ in range(request["runs"]):
            start = time.perf_counter()
            session.run(None, self.model.inputs)
            times.append((time.perf_counter() - start) * 1e3)
        return {"times_ms": times}


def load(name, directory):
    file = directory / (re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy")
    return np.load(file) if file.exists() else None


def main():
    reference = None

    def open_model(request):
        nonlocal reference
        reference = None
        model = Model(request)
        reference = Reference(model)
        return model.answer

    def about_model(method):
        def handler(request):
            if reference is None:
                raise Refused("no model is open")
            return method(reference, request)

        return handler

    methods = {"reference": Reference.reference, "compare": Reference.compare, "time": Reference.time}
    serve({"open": open_model} | {name: about_model(method) for name, method in methods.items()})


main()
