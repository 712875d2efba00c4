"""What the outputs should be: {NAME: array}."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator


def float64(model):
    """ONNX's reference evaluator on the same graph and inputs in f64, rounded once at the end. For graphs whose only
    floating-point type is f32."""
    wide = onnx.load(model.fixed)
    for tensor in [*wide.graph.initializer]:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for value in [*wide.graph.input, *wide.graph.output, *wide.graph.value_info]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    inputs = {name: array.astype(np.float64) if array.dtype == np.float32 else array for name, array in model.inputs.items()}
    results = ReferenceEvaluator(wide).run(model.outputs, inputs)
    return {name: np.asarray(value).astype(np.float32) for name, value in zip(model.outputs, results)}


def onnxruntime(model):
    """ONNX Runtime without its optimizations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.fixed, options, providers=["CPUExecutionProvider"])
    wanted = {input.name for input in session.get_inputs()}
    inputs = {name: array for name, array in model.inputs.items() if name in wanted}
    return dict(zip(model.outputs, session.run(model.outputs, inputs)))


EXPECTED = {"float64": float64, "onnxruntime": onnxruntime}
