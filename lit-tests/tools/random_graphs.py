"""Writes random graphs with test data for `hwc-opt verify`: `random_graphs.py FOLDER SEED COUNT`.

Graphs of elementwise operators, slices, concatenations, transposes, products, convolutions and softmax, on few and odd
sizes, whose values are read once, often or as outputs: what is computed together, and where values lie, differs from
graph to graph.
Expected outputs are ONNX Runtime's without its optimizations."""

import pathlib
import random
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZES = [1, 2, 3, 5, 8, 16, 17, 33]
UNARY = ["Neg", "Abs", "Tanh", "Sigmoid"]
BINARY = ["Add", "Mul", "Sub"]
MOST_ELEMENTS = 20_000


class Graph:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes, self.constants, self.shapes = [], [], {}
        shape = [self.random.choice(SIZES) for _ in range(self.random.choice([2, 3, 4]))]
        self.inputs = {name: self.numbers.standard_normal(shape).astype(np.float32) for name in ("x", "y")}
        self.shapes.update({name: tuple(shape) for name in self.inputs})
        makers = [self.unary, self.binary, self.slice, self.concat, self.concat, self.softmax, self.product, self.transpose]
        makers += [self.convolution] * (3 if len(shape) == 4 else 0)
        for _ in range(self.random.randint(4, 12)):
            self.random.choice(makers)(self.random.choice(list(self.shapes)))

    def add(self, op, operands, shape, **attributes):
        name = f"v{len(self.shapes)}"
        self.nodes.append(helper.make_node(op, operands, [name], **attributes))
        self.shapes[name] = tuple(shape)
        return name

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(value, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def unary(self, a):
        return self.add(self.random.choice(UNARY), [a], self.shapes[a])

    def binary(self, a):
        others = [name for name, shape in self.shapes.items() if shape == self.shapes[a]]
        self.add(self.random.choice(BINARY), [a, self.random.choice(others)], self.shapes[a])

    def slice(self, a):
        shape = list(self.shapes[a])
        axis = self.random.randrange(len(shape))
        start = self.random.randrange(shape[axis])
        end = self.random.randint(start + 1, shape[axis])
        shape[axis] = end - start
        self.add("Slice", [a] + [self.constant(np.array([n])) for n in (start, end, axis)], shape)

    def concat(self, a):
        shape = list(self.shapes[a])
        axis = self.random.randrange(len(shape))
        cut = lambda shape: shape[:axis] + shape[axis + 1 :]
        fitting = [
            name for name, other in self.shapes.items() if len(other) == len(shape) and cut(other) == cut(self.shapes[a])
        ]
        parts = [a] + self.random.choices(fitting, k=self.random.randint(1, 3))
        shape[axis] = sum(self.shapes[part][axis] for part in parts)
        if np.prod(shape) <= MOST_ELEMENTS:
            parts = [self.unary(part) if self.random.random() < 0.6 else part for part in parts]
            self.add("Concat", parts, shape, axis=self.random.choice([axis, axis - len(shape)]))

    def softmax(self, a):
        self.add("Softmax", [a], self.shapes[a], axis=-1)

    def product(self, a):
        shape = self.shapes[a]
        weights = self.numbers.standard_normal((shape[-1], self.random.choice(SIZES))) / shape[-1]
        self.add("MatMul", [a, self.constant(weights.astype(np.float32))], shape[:-1] + weights.shape[1:])

    def convolution(self, a):
        batch, channels, *image = self.shapes[a]
        filters, taps = self.random.choice([1, 3, 4, 16, 24]), self.random.choice([1, 3])
        weights = self.numbers.standard_normal((filters, channels, taps, taps)) / (channels * taps)
        stride, pad = self.random.choice([1, 1, 2]), taps // 2
        image = [(size + 2 * pad - taps) // stride + 1 for size in image]
        operands, pads = [a, self.constant(weights.astype(np.float32))], [pad] * 4
        self.add("Conv", operands, [batch, filters, *image], strides=[stride] * 2, pads=pads)

    def transpose(self, a):
        axes = list(range(len(self.shapes[a])))
        self.random.shuffle(axes)
        self.add("Transpose", [a], [self.shapes[a][axis] for axis in axes], perm=axes)

    def model(self):
        read = {name for node in self.nodes for name in node.input}
        made = [node.output[0] for node in self.nodes]
        outputs = [name for name in made if name not in read or self.random.random() < 0.1]
        info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name])
        graph = helper.make_graph(
            self.nodes, "g", [info(name) for name in self.inputs], [info(name) for name in outputs], self.constants
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(folder, seed):
    graph = Graph(seed)
    model = graph.model()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    expected = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, graph.inputs)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    for side, arrays in ("input", graph.inputs.values()), ("output", expected):
        for number, array in enumerate(arrays):
            (data / f"{side}_{number}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())


folder, seed, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(seed, seed + count):
    write(folder / str(number), number)
