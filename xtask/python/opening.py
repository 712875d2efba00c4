"""A model made ready to run: its shapes fixed, a tensor for every input."""

import pathlib
import re

import numpy as np
import onnx
from onnx import helper
from protocol import Refused


class Model:
    """What the request {"model": FILE, "dims": [..], "values": {NAME: NUMBER or FILE}, "inputs": {NAME: FILE}, "seed": N,
    "dir": DIR} describes. `inputs` has a tensor for each input, `values` those of them that are known at compile time.
    """

    def __init__(self, request):
        self.path = pathlib.Path(request["model"])
        self.directory = pathlib.Path(request["dir"])
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
