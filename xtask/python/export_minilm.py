"""Writes MiniLM (a six-layer BERT with mean pooling) as an ONNX graph the way PyTorch's exporter does: attention and
GELU from primitive operators, shapes computed in the graph, weights of linear layers transposed, batch and sequence
dynamic.

usage: export_minilm.py DIRECTORY_WITH_MODEL_SAFETENSORS OUTPUT.onnx
"""

import json
import math
import os
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 17


class Graph:
    """Collects nodes and initializers; every method gives the name of the value it makes."""

    def __init__(self):
        self.nodes = []
        self.initializers = []
        self.scope = ""

    def op(self, kind, *inputs, output=None, **attributes):
        count = sum(node.op_type == kind and node.name.startswith(f"{self.scope}/{kind}") for node in self.nodes)
        name = f"{self.scope}/{kind}" + (f"_{count}" if count else "")
        output = output or f"{name}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name, **attributes))
        return output

    def constant(self, value, dtype):
        tensor = numpy_helper.from_array(np.asarray(value, dtype))
        return self.op("Constant", value=tensor)

    def weight(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


class Exporter:
    def __init__(self, directory):
        self.config = json.loads((directory / "config.json").read_text())
        self.weights = load_file(directory / "model.safetensors")
        self.graph = Graph()
        self.heads = self.config["num_attention_heads"]
        self.width = self.config["hidden_size"]
        self.epsilon = self.config["layer_norm_eps"]

    def parameter(self, name):
        return self.graph.weight(name, self.weights[name])

    def at(self, scope):
        self.graph.scope = scope

    def linear(self, x, name):
        """MatMul with the transposed weight, which constant folding leaves behind, and Add."""
        g = self.graph
        weight = g.weight(f"onnx::MatMul_{len(g.initializers)}", self.weights[f"{name}.weight"].T)
        return g.op("Add", self.parameter(f"{name}.bias"), g.op("MatMul", x, weight))

    def layer_norm(self, x, name):
        scale, bias = self.parameter(f"{name}.weight"), self.parameter(f"{name}.bias")
        return self.graph.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=self.epsilon)

    def dim(self, x, axis):
        """x.size(axis) as a tensor of one element."""
        g = self.graph
        size = g.op("Gather", g.op("Shape", x), g.constant(axis, np.int64), axis=0)
        return g.op("Unsqueeze", size, g.constant([0], np.int64))

    def embeddings(self, ids, types):
        g = self.graph
        self.at("/embeddings")
        positions = g.weight("embeddings.position_ids", np.arange(self.config["max_position_embeddings"])[None])
        length = self.dim(ids, 1)
        positions = g.op("Slice", positions, g.constant([0], np.int64), length, g.constant([1], np.int64), g.constant([1], np.int64))
        self.at("/embeddings/word_embeddings")
        words = g.op("Gather", self.parameter("embeddings.word_embeddings.weight"), ids)
        self.at("/embeddings/token_type_embeddings")
        kinds = g.op("Gather", self.parameter("embeddings.token_type_embeddings.weight"), types)
        self.at("/embeddings")
        total = g.op("Add", words, kinds)
        self.at("/embeddings/position_embeddings")
        places = g.op("Gather", self.parameter("embeddings.position_embeddings.weight"), positions)
        self.at("/embeddings")
        total = g.op("Add", total, places)
        self.at("/embeddings/LayerNorm")
        return self.layer_norm(total, "embeddings.LayerNorm")

    def additive_mask(self, mask):
        """0 where a token may be looked at, the lowest float where not; shape [batch, 1, 1, sequence]."""
        g = self.graph
        self.at("")
        mask = g.op("Unsqueeze", mask, g.constant([1], np.int64))
        mask = g.op("Unsqueeze", mask, g.constant([2], np.int64))
        mask = g.op("Cast", mask, to=TensorProto.FLOAT)
        mask = g.op("Sub", g.constant(1.0, np.float32), mask)
        return g.op("Mul", mask, g.constant(np.finfo(np.float32).min, np.float32))

    def split_heads(self, x, permutation):
        g = self.graph
        last = [g.constant([size], np.int64) for size in (self.heads, self.width // self.heads)]
        shape = g.op("Concat", self.dim(x, 0), self.dim(x, 1), *last, axis=0)
        return g.op("Transpose", g.op("Reshape", x, shape), perm=permutation)

    def attention(self, x, mask, scope, layer):
        g = self.graph
        part = {}
        for name in ("query", "key", "value"):
            self.at(f"{scope}/{name}")
            part[name] = self.linear(x, f"{layer}.attention.self.{name}")
        self.at(scope)
        key = self.split_heads(part["key"], [0, 2, 3, 1])
        value = self.split_heads(part["value"], [0, 2, 1, 3])
        query = self.split_heads(part["query"], [0, 2, 1, 3])
        scores = g.op("MatMul", query, key)
        scores = g.op("Div", scores, g.constant(math.sqrt(self.width // self.heads), np.float32))
        weights = g.op("Softmax", g.op("Add", scores, mask), axis=-1)
        context = g.op("Transpose", g.op("MatMul", weights, value), perm=[0, 2, 1, 3])
        shape = g.op("Concat", self.dim(context, 0), self.dim(context, 1), g.constant([self.width], np.int64), axis=0)
        return g.op("Reshape", context, shape)

    def gelu(self, x):
        g = self.graph
        erf = g.op("Erf", g.op("Div", x, g.constant(math.sqrt(2), np.float32)))
        product = g.op("Mul", x, g.op("Add", erf, g.constant(1.0, np.float32)))
        return g.op("Mul", product, g.constant(0.5, np.float32))

    def layer(self, x, mask, index):
        g = self.graph
        layer = f"encoder.layer.{index}"
        scope = f"/encoder/layer.{index}"
        context = self.attention(x, mask, f"{scope}/attention/self", layer)
        self.at(f"{scope}/attention/output/dense")
        context = self.linear(context, f"{layer}.attention.output.dense")
        self.at(f"{scope}/attention/output")
        x = g.op("Add", context, x)
        self.at(f"{scope}/attention/output/LayerNorm")
        x = self.layer_norm(x, f"{layer}.attention.output.LayerNorm")
        self.at(f"{scope}/intermediate/dense")
        wide = self.linear(x, f"{layer}.intermediate.dense")
        self.at(f"{scope}/intermediate/intermediate_act_fn")
        wide = self.gelu(wide)
        self.at(f"{scope}/output/dense")
        narrow = self.linear(wide, f"{layer}.output.dense")
        self.at(f"{scope}/output")
        x = g.op("Add", narrow, x)
        self.at(f"{scope}/output/LayerNorm")
        return self.layer_norm(x, f"{layer}.output.LayerNorm")

    def pool(self, tokens, mask):
        """The mean of the tokens that count, scaled to length 1."""
        g = self.graph
        self.at("/pooling")
        mask = g.op("Unsqueeze", mask, g.constant([-1], np.int64))
        mask = g.op("Cast", g.op("Expand", mask, g.op("Shape", tokens)), to=TensorProto.FLOAT)
        total = g.op("ReduceSum", g.op("Mul", tokens, mask), g.constant([1], np.int64), keepdims=0)
        count = g.op("Clip", g.op("ReduceSum", mask, g.constant([1], np.int64), keepdims=0), g.constant(1e-9, np.float32))
        mean = g.op("Div", total, count)
        self.at("/normalize")
        length = g.op("Clip", g.op("ReduceL2", mean, axes=[1], keepdims=1), g.constant(1e-12, np.float32))
        length = g.op("Expand", length, g.op("Shape", mean))
        return g.op("Div", mean, length, output="sentence_embedding")

    def model(self):
        mask = self.additive_mask("attention_mask")
        x = self.embeddings("input_ids", "token_type_ids")
        for index in range(self.config["num_hidden_layers"]):
            x = self.layer(x, mask, index)
        self.graph.nodes[-1].output[0] = "last_hidden_state"
        self.pool("last_hidden_state", "attention_mask")
        tokens = ["batch", "sequence"]
        names = ["input_ids", "attention_mask", "token_type_ids"]
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in names]
        outputs = [
            helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*tokens, self.width]),
            helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", self.width]),
        ]
        graph = helper.make_graph(self.graph.nodes, "main_graph", inputs, outputs, self.graph.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def main():
    directory, output = map(pathlib.Path, sys.argv[1:])
    model = Exporter(directory).model()
    onnx.checker.check_model(model, full_check=True)
    part = output.with_suffix(".part")
    onnx.save(model, part)
    os.replace(part, output)


main()
