"""ONNX Runtime and OpenVINO, each at its best f32 setting.

A runner is made of a model (`bench_model.Model`) and a request; `run()` runs once, `results` has the outputs by name.
Inputs are the model's arrays, outputs are arrays made beforehand, so that nobody pays for copies or new pages.
"""

import numpy as np
from bench_memory import aligned


class OnnxRuntime:
    def __init__(self, model, request):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model.fixed, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        wanted = {input.name for input in session.get_inputs()}
        binding = session.io_binding()
        for name, array in model.inputs.items():
            if name in wanted:
                binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        # The first run tells the outputs' shapes.
        first = session.run(names, {name: array for name, array in model.inputs.items() if name in wanted})
        self.results = {name: aligned(array.shape, array.dtype) for name, array in zip(names, first)}
        for name, array in self.results.items():
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        self.run = lambda: session.run_with_iobinding(binding)


class OpenVino:
    def __init__(self, model, request):
        import openvino

        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": request["threads"],
            "NUM_STREAMS": 1,
        }
        compiled = openvino.Core().compile_model(model.fixed, "CPU", settings)
        infer = compiled.create_infer_request()
        for port in compiled.inputs:
            array = next(model.inputs[name] for name in port.get_names() if name in model.inputs)
            infer.set_tensor(port, openvino.Tensor(array, shared_memory=True))
        self.results = {}
        for port, name in zip(compiled.outputs, model.outputs):
            if port.get_partial_shape().is_dynamic:
                raise RuntimeError(f"{name} has no static shape")
            array = aligned(list(port.get_shape()), np.dtype(port.get_element_type().to_dtype()))
            infer.set_tensor(port, openvino.Tensor(array, shared_memory=True))
            self.results[name] = array
        self.run = lambda: infer.infer(None, share_inputs=True, share_outputs=True)
