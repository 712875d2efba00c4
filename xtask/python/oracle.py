"""ONNX Runtime as oracle and peer: reads one JSON request a line, answers each with one line of JSON.

{"do": "open", "model": FILE, "dims": [..], "values": {NAME: NUMBER or FILE}, "inputs": {NAME: FILE}, "seed": N, "dir": DIR}
    Fixes the shapes, writes an .npy file for each input to DIR; seeded random values where `values` and `inputs` give none.
    `dims` has entries NAME=N (a symbolic dimension) and INPUT.AXIS=N; those that do not concern the model are left out
    of the answer {"inputs": [[NAME, FILE]], "values": [[NAME, FILE]], "dims": [..], "bytes": N}.
{"do": "reference"}          runs the model once; {"outputs": [NAME]}
{"do": "compare", "dir": DIR} compares with NAME.npy in DIR; {"worst": X, "oracle_error": X, "outputs": [{"name", "error", "scale"}]}
{"do": "time", "threads": N, "runs": N}  {"times_ms": [..]}

An answer {"error": TEXT} says why a request could not be served.
"""

import json
import math
import pathlib
import re
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import helper


class Refused(Exception):
    pass


class Model:
    def __init__(self, request):
        self.path = pathlib.Path(request["model"])
        self.directory = pathlib.Path(request["dir"])
        self.sessions = {}
        model = onnx.load(self.path, load_external_data=False)
        initializers = {tensor.name for tensor in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in initializers]
        dims = [dim for dim in request["dims"] if concerns(dim, inputs)]
        fixed = dict(dim.rsplit("=", 1) for dim in dims)
        given = request.get("values", {})
        random = np.random.default_rng(request["seed"])
        missing = []
        self.inputs, self.values = {}, {}
        for value in inputs:
            shape = shape_of(value, fixed, missing)
            if missing:
                continue
            dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            if value.name in given:
                tensor = constant(given[value.name], dtype, shape)
                self.values[value.name] = tensor
            elif value.name in request.get("inputs", {}):
                tensor = np.load(request["inputs"][value.name])
            else:
                tensor = sample(random, value.name, dtype, shape)
            self.inputs[value.name] = tensor
        if missing:
            raise Refused("dimensions without a size: " + ", ".join(f"--dim {name}=N" for name in dict.fromkeys(missing)))
        self.directory.mkdir(parents=True, exist_ok=True)
        files = {name: str(self.directory / f"input{i}.npy") for i, name in enumerate(self.inputs)}
        for name, file in files.items():
            np.save(file, self.inputs[name])
        self.answer = {
            "inputs": list(files.items()),
            "values": [[name, files[name]] for name in self.values],
            "dims": dims,
            "bytes": size(self.path, model),
        }

    def session(self, threads, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
        if (threads, level) not in self.sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            options.graph_optimization_level = level
            session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
            self.sessions[threads, level] = session
        return self.sessions[threads, level]

    def reference(self, _request):
        session = self.session(1)
        self.outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, self.inputs)))
        return {"outputs": list(self.outputs)}

    def compare(self, request):
        directory = pathlib.Path(request["dir"])
        rows = [compare(name, load(name, directory), expected) for name, expected in self.outputs.items()]
        return {"worst": worst(rows), "oracle_error": self.own_error(), "outputs": rows}

    def own_error(self):
        """The oracle against itself, with its optimizations and without: what rounding alone does to this model."""
        plain = self.session(1, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, self.inputs)
        return worst([compare(name, other, self.outputs[name]) for name, other in zip(self.outputs, plain)])

    def time(self, request):
        session = self.session(request["threads"])
        session.run(None, self.inputs)
        times = []
        for _ in range(request["runs"]):
            start = time.perf_counter()
            session.run(None, self.inputs)
            times.append((time.perf_counter() - start) * 1e3)
        return {"times_ms": times}


def is_open(dim):
    """Some exporters write -1 for a size that they do not know."""
    return not dim.HasField("dim_value") or dim.dim_value < 0


def concerns(dim, inputs):
    """Whether NAME=N is about a symbolic dimension of an input, or INPUT.AXIS=N about one whose size is open."""
    name = dim.rsplit("=", 1)[0]
    open_dims = [
        (d.dim_param, f"{value.name}.{axis}")
        for value in inputs
        for axis, d in enumerate(value.type.tensor_type.shape.dim)
        if is_open(d)
    ]
    return any(name in names for names in open_dims)


def shape_of(value, fixed, missing):
    if not value.type.HasField("tensor_type"):
        raise Refused(f"input {value.name} is no tensor")
    if not value.type.tensor_type.HasField("shape"):
        raise Refused(f"input {value.name} has no declared rank")
    shape = []
    for axis, dim in enumerate(value.type.tensor_type.shape.dim):
        place = f"{value.name}.{axis}"
        if not is_open(dim):
            shape.append(dim.dim_value)
        elif place in fixed or dim.dim_param in fixed:
            shape.append(int(fixed.get(place, fixed.get(dim.dim_param))))
        else:
            missing.append(dim.dim_param if re.fullmatch(r"\w[\w.]*", dim.dim_param) else place)
            shape.append(0)
    return shape


def constant(value, dtype, shape):
    tensor = np.load(value) if str(value).endswith(".npy") else np.full(shape, float(value))
    return tensor.astype(dtype).reshape(shape)


def sample(random, name, dtype, shape):
    """Values that models of text, pictures and sound take without complaint."""
    name = name.lower()
    if dtype == np.bool_:
        return np.ones(shape, bool) if "mask" in name else random.integers(0, 2, shape).astype(bool)
    if np.issubdtype(dtype, np.integer):
        if "mask" in name:
            return np.ones(shape, dtype)
        if "type" in name or "segment" in name:
            return np.zeros(shape, dtype)
        if "position" in name and shape:
            return np.broadcast_to(np.arange(shape[-1]), shape).astype(dtype)
        return random.integers(0, 100, shape).astype(dtype)
    if dtype.kind == "f" or dtype.kind == "V":
        return random.standard_normal(shape).astype(dtype)
    raise Refused(f"input {name} has type {dtype}, for which no random values are made")


def size(path, model):
    """Bytes of the model with its external data."""
    tensors = [*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute)]
    outside = {e.value for t in tensors for e in t.external_data if e.key == "location"}
    return path.stat().st_size + sum((path.parent / name).stat().st_size for name in outside)


def load(name, directory):
    file = directory / (re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy")
    return np.load(file) if file.exists() else None


def compare(name, ours, expected):
    """The largest difference over the largest magnitude of the expected output; infinite where they cannot be compared."""
    row = {"name": name, "error": math.inf, "scale": 0.0}
    if ours is None:
        return row | {"note": "the output is not there"}
    if ours.shape != expected.shape or ours.dtype != expected.dtype:
        return row | {"note": f"{ours.dtype}{list(ours.shape)} instead of {expected.dtype}{list(expected.shape)}"}
    ours, expected = ours.astype(np.float64), expected.astype(np.float64)
    odd = ~np.isfinite(expected)
    if not np.array_equal(ours[odd], expected[odd], equal_nan=True):
        return row | {"note": "not-a-number or infinity at other places"}
    scale = float(np.abs(expected[~odd]).max(initial=0.0))
    error = float(np.abs(ours - expected)[~odd].max(initial=0.0))
    return row | {"error": error / scale if scale > 0 else error, "scale": scale}


def worst(rows):
    return max((row["error"] for row in rows), default=0.0)


def finite(value):
    """JSON has no infinity and no NaN; null stands for both."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def main():
    model = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "open":
                model = None
                model = Model(request)
                answer = model.answer
            elif model is None:
                raise Refused("no model is open")
            else:
                answer = {"reference": model.reference, "compare": model.compare, "time": model.time}[request["do"]](request)
        except Exception as error:  # Whatever a foreign model provokes is the answer; the next request goes on.
            answer = {"error": f"{type(error).__name__}: {error}" if not isinstance(error, Refused) else str(error)}
        print(json.dumps(finite(answer)), flush=True)


main()
