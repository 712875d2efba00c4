"""The rows of `cargo xtask bench --suite kernels`: a table of small ONNX graphs.

    python bench_kernels.py DIR [TEXT]

writes DIR/NAME.onnx for the rows whose name contains TEXT and prints them as JSON:
[{"name", "model", "bound", "flops", "bytes", "what"}]. `flops` counts multiplications and additions of contractions,
`bytes` what has to be read and written at least once: inputs, weights and outputs.

`bound` says what limits the row at best: "fma" the arithmetic units; "copy" memory that is read and written;
"read" memory that is read.
"""

import json
import math
import pathlib
import sys

import numpy as np
import onnx
from bench_graph import Graph

ELEMENTS = (4096, 1024)


def matmul(n):
    def build(g):
        return [g.node("MatMul", g.input("a", n, n), g.input("b", n, n))]

    return build


def gemv(g):
    return [g.node("MatMul", g.input("x", 1, 4096), g.weight("w", 4096, 4096))]


def batched_matmul(g):
    return [g.node("MatMul", g.input("a", 12, 512, 64), g.input("b", 12, 64, 512))]


def ffn(g):
    inner = g.node("Add", g.node("MatMul", g.input("x", 128, 768), g.weight("w1", 768, 3072)), g.weight("b1", 3072))
    inner = gelu_erf_primitives(g, inner)
    return [g.node("Add", g.node("MatMul", inner, g.weight("w2", 3072, 768)), g.weight("b2", 768))]


def convolution(g, x, inputs, outputs, kernel, group=1):
    weight = g.weight("w", outputs, inputs // group, kernel, kernel)
    bias = g.weight("b", outputs)
    pads = [kernel // 2] * 4
    return g.node("Conv", x, weight, bias, kernel_shape=[kernel] * 2, pads=pads, group=group)


def convolution_row(channels, size, group=1):
    def build(g):
        return [convolution(g, g.input("x", 1, channels, size, size), channels, channels, 3, group)]

    return build


def residual_block(g):
    x = g.input("x", 1, 128, 28, 28)
    inner = g.node("Relu", convolution(g, x, 128, 128, 3))
    return [g.node("Relu", g.node("Add", convolution(g, inner, 128, 128, 3), x))]


def inverted_bottleneck(g):
    x = g.input("x", 1, 32, 56, 56)
    wide = clip6(g, convolution(g, x, 32, 192, 1))
    wide = clip6(g, convolution(g, wide, 192, 192, 3, group=192))
    return [g.node("Add", convolution(g, wide, 192, 32, 1), x)]


def clip6(g, x):
    return g.node("Clip", x, g.scalar(0.0), g.scalar(6.0))


def chain5(g):
    """(x * 1.5 + 0.5), its relu, times itself, less a quarter."""
    x = g.input("x", 4 * 1024 * 1024)
    y = g.node("Relu", g.node("Add", g.node("Mul", x, g.scalar(1.5)), g.scalar(0.5)))
    return [g.node("Sub", g.node("Mul", y, x), g.scalar(0.25))]


def gelu_erf_primitives(g, x):
    erf = g.node("Erf", g.node("Div", x, g.scalar(math.sqrt(2.0))))
    return g.node("Mul", g.node("Mul", x, g.node("Add", erf, g.scalar(1.0))), g.scalar(0.5))


def gelu_tanh_primitives(g, x):
    cube = g.node("Mul", g.node("Mul", x, x), x)
    inner = g.node("Add", x, g.node("Mul", cube, g.scalar(0.044715)))
    tanh = g.node("Tanh", g.node("Mul", inner, g.scalar(math.sqrt(2.0 / math.pi))))
    return g.node("Mul", g.node("Mul", x, g.scalar(0.5)), g.node("Add", tanh, g.scalar(1.0)))


def softmax_primitives(g, x):
    shifted = g.node("Sub", x, g.node("ReduceMax", x, g.axes(-1), keepdims=1))
    exp = g.node("Exp", shifted)
    return g.node("Div", exp, g.node("ReduceSum", exp, g.axes(-1), keepdims=1))


def layer_norm(g, x):
    width = ELEMENTS[-1]
    return g.node("LayerNormalization", x, g.weight("scale", width), g.weight("bias", width), axis=-1, epsilon=1e-5)


def layer_norm_primitives(g, x):
    width = ELEMENTS[-1]
    centred = g.node("Sub", x, g.node("ReduceMean", x, g.axes(-1), keepdims=1))
    variance = g.node("ReduceMean", g.node("Mul", centred, centred), g.axes(-1), keepdims=1)
    deviation = g.node("Sqrt", g.node("Add", variance, g.scalar(1e-5)))
    scaled = g.node("Mul", g.node("Div", centred, deviation), g.weight("scale", width))
    return g.node("Add", scaled, g.weight("bias", width))


def add_rms_norm(g):
    """Both the sum, which the next residual connection takes, and its normalization are outputs."""
    total = g.node("Add", g.input("x", *ELEMENTS), g.input("y", *ELEMENTS))
    mean = g.node("ReduceMean", g.node("Mul", total, total), g.axes(-1), keepdims=1)
    deviation = g.node("Sqrt", g.node("Add", mean, g.scalar(1e-6)))
    return [total, g.node("Mul", g.node("Div", total, deviation), g.weight("scale", ELEMENTS[-1]))]


def swiglu(g):
    gate = g.input("gate", *ELEMENTS)
    return [g.node("Mul", g.node("Mul", gate, g.node("Sigmoid", gate)), g.input("up", *ELEMENTS))]


def transpose(g):
    return [g.node("Transpose", g.input("x", 4096, 2048), perm=[1, 0])]


def on_elements(function):
    return lambda g: [function(g, g.input("x", *ELEMENTS))]


def operator(name, **attributes):
    return lambda g, x: g.node(name, x, **attributes)


def conv_flops(outputs, inputs, kernel, size):
    return 2 * outputs * inputs * kernel**2 * size**2


BOTTLENECK = conv_flops(192, 32, 1, 56) + conv_flops(192, 1, 3, 56) + conv_flops(32, 192, 1, 56)

# name, bound, flops, graph, what it is
ROWS = [
    ("matmul-512", "fma", 2 * 512**3, matmul(512), "512x512 by 512x512, both at run time"),
    ("matmul-1024", "fma", 2 * 1024**3, matmul(1024), "1024x1024 by 1024x1024, both at run time"),
    ("matmul-2048", "fma", 2 * 2048**3, matmul(2048), "2048x2048 by 2048x2048, both at run time"),
    ("gemv-4096", "read", 2 * 4096**2, gemv, "1x4096 by weights 4096x4096"),
    ("ffn-128", "fma", 4 * 128 * 768 * 3072, ffn, "128x768 by weights 768x3072, bias, GELU, by 3072x768, bias"),
    ("batched-matmul", "fma", 2 * 12 * 512 * 64 * 512, batched_matmul, "12 of 512x64 by 64x512, both at run time"),
    ("conv-64-56", "fma", conv_flops(64, 64, 3, 56), convolution_row(64, 56), "3x3, 64 to 64 channels, 56x56, bias"),
    ("conv-256-14", "fma", conv_flops(256, 256, 3, 14), convolution_row(256, 14), "3x3, 256 to 256 channels, 14x14, bias"),
    ("residual-128-28", "fma", 2 * conv_flops(128, 128, 3, 28), residual_block, "conv, relu, conv, add, relu; 128 channels, 28x28"),
    ("depthwise-384-28", "fma", conv_flops(384, 1, 3, 28), convolution_row(384, 28, 384), "3x3 depthwise, 384 channels, 28x28, bias"),
    ("bottleneck-32-56", "fma", BOTTLENECK, inverted_bottleneck, "1x1 to 192, relu6, 3x3 depthwise, relu6, 1x1 to 32, add; 56x56"),
    ("chain-5", "copy", 0, chain5, "multiply, add, relu, multiply, subtract; 4M elements"),
    ("gelu-erf", "copy", 0, on_elements(operator("Gelu")), "operator Gelu; 4096x1024"),
    ("gelu-erf-primitives", "copy", 0, on_elements(gelu_erf_primitives), "written out with Erf; 4096x1024"),
    ("gelu-tanh", "copy", 0, on_elements(operator("Gelu", approximate="tanh")), "operator Gelu, tanh; 4096x1024"),
    ("gelu-tanh-primitives", "copy", 0, on_elements(gelu_tanh_primitives), "written out with Tanh; 4096x1024"),
    ("softmax", "copy", 0, on_elements(operator("Softmax", axis=-1)), "operator Softmax; 4096 rows of 1024"),
    ("softmax-primitives", "copy", 0, on_elements(softmax_primitives), "written out; 4096 rows of 1024"),
    ("layernorm", "copy", 0, on_elements(layer_norm), "operator LayerNormalization; 4096 rows of 1024"),
    ("layernorm-primitives", "copy", 0, on_elements(layer_norm_primitives), "written out; 4096 rows of 1024"),
    ("add-rmsnorm", "copy", 0, add_rms_norm, "x + y and its RMSNorm, written out, both outputs; 4096 rows of 1024"),
    ("swiglu", "copy", 0, swiglu, "gate * sigmoid(gate) * up; 4096x1024"),
    ("transpose", "copy", 0, transpose, "4096x2048"),
]


def main():
    directory, text = pathlib.Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, bound, flops, build, what in ROWS:
        if text in name:
            graph = Graph(name, np.random.default_rng(0))
            model = graph.model(build(graph))
            path = directory / f"{name}.onnx"
            onnx.save(model, path)
            rows.append(
                {"name": name, "model": str(path), "bound": bound, "flops": flops, "bytes": graph.bytes, "what": what}
            )
    print(json.dumps(rows))


main()
