"""The model of a row as the peers get it: one file with every size fixed, as ours is compiled with."""

import pathlib

import numpy as np
import onnx
from bench_memory import aligned_copy
from onnx import numpy_helper
from opening import Model as Opening


class Model:
    """`fixed` is the file, `inputs` the arrays of the inputs it has, `outputs` their names in order."""

    def __init__(self, request):
        opening = Opening(request)
        self.answer = opening.answer
        self.directory = opening.directory
        self.inputs = {name: aligned_copy(array) for name, array in opening.inputs.items()}
        model = onnx.load(opening.path)
        graph = model.graph
        for value in graph.input:
            if value.name in opening.inputs:
                set_shape(value, opening.inputs[value.name].shape)
        # A value that is known when ours is compiled is known to the peers, too.
        for name, array in opening.values.items():
            graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
        kept = [value for value in graph.input if value.name not in opening.values]
        del graph.input[:]
        graph.input.extend(kept)
        self.outputs = [value.name for value in graph.output]
        for value in graph.output:
            value.type.tensor_type.ClearField("shape")
        del graph.value_info[:]
        try:
            model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        except Exception:
            pass  # The peers infer shapes themselves.
        self.free = [value.name for value in graph.input if value.name in self.inputs]
        self.fixed = str(pathlib.Path(self.directory) / "fixed.onnx")
        onnx.save(model, self.fixed)


def set_shape(value, shape):
    dims = value.type.tensor_type.shape.dim
    for dim, size in zip(dims, shape):
        dim.dim_value = size
