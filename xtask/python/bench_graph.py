"""ONNX graphs put together node by node."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
# The oldest that has the operator set.
IR_VERSION = 9


class Graph:
    """A graph of f32 tensors. Nodes and tensors are named by what made them, weights get random values of a scale that
    keeps activations near 1."""

    def __init__(self, name, random):
        self.name, self.random = name, random
        self.inputs, self.weights, self.nodes = [], [], []
        self.bytes = 0

    def input(self, name, *shape):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        self.bytes += 4 * math.prod(shape)
        return name

    def weight(self, name, *shape):
        # Of a convolution's filter all axes but the first are summed over, of a matrix only the first is.
        terms = math.prod(shape[1:]) if len(shape) > 2 else shape[0]
        values = self.random.standard_normal(shape) / math.sqrt(terms if len(shape) > 1 else 1)
        self.bytes += 4 * math.prod(shape)
        return self.constant(name, values.astype(np.float32))

    def scalar(self, value):
        return self.constant("c", np.array(value, np.float32))

    def axes(self, *axes):
        return self.constant("axes", np.array(axes, np.int64))

    def constant(self, name, array):
        name = f"{name}_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator, *operands, **attributes):
        result = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, operands, [result], **attributes))
        return result

    def model(self, outputs):
        """The model with these results as outputs; their types are inferred."""
        values = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, values, self.weights)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        onnx.checker.check_model(model, full_check=True)
        for value in model.graph.output:
            self.bytes += 4 * math.prod(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        return model
