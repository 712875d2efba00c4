"""Our side: an artifact, run through the runtime's C API (`runtime/include/hwc_runtime.h`)."""

import ctypes
import os

import numpy as np
import onnx
from bench_memory import aligned
from protocol import Refused

API_VERSION = 2


class Tensor(ctypes.Structure):
    """`hwc_tensor`"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_size_t)),
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("rank", ctypes.c_size_t),
        ("dtype", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
    ]


class Hwc:
    def __init__(self, model, request):
        self.library = library(request["runtime"])
        self.session = ctypes.c_void_p()
        self.check(self.library.hwc_session_open(API_VERSION, os.fsencode(request["artifact"]), self.session))
        self.check(self.library.hwc_session_set_threads(self.session, request["threads"]))
        self.inputs = self.describe("input")
        self.outputs = self.describe("output")
        for tensor in self.inputs:
            tensor.data = model.inputs[tensor.name.decode()].ctypes.data
        self.results = {}
        for tensor in self.outputs:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.dtype)
            array = aligned(tensor.shape[: tensor.rank] if tensor.rank else [], dtype)
            tensor.data = array.ctypes.data
            self.results[tensor.name.decode()] = array
        arguments = (self.session, self.inputs, len(self.inputs), self.outputs, len(self.outputs))
        self.run = lambda call=self.library.hwc_session_run: self.check(call(*arguments))

    def describe(self, side):
        count = getattr(self.library, f"hwc_session_{side}_count")(self.session)
        tensors = (Tensor * count)()
        describe = getattr(self.library, f"hwc_session_{side}")
        for index, tensor in enumerate(tensors):
            self.check(describe(self.session, index, tensor))
        return tensors

    def check(self, status):
        if status != 0:
            raise Refused(self.library.hwc_last_error().decode())


def library(path):
    lib = ctypes.CDLL(path)
    session, size = ctypes.c_void_p, ctypes.c_size_t
    tensors = ctypes.POINTER(Tensor)
    signatures = {
        "hwc_session_open": (ctypes.c_int32, [ctypes.c_uint32, ctypes.c_char_p, ctypes.POINTER(session)]),
        "hwc_session_set_threads": (ctypes.c_int32, [session, ctypes.c_uint32]),
        "hwc_session_input_count": (size, [session]),
        "hwc_session_output_count": (size, [session]),
        "hwc_session_input": (ctypes.c_int32, [session, size, tensors]),
        "hwc_session_output": (ctypes.c_int32, [session, size, tensors]),
        "hwc_session_run": (ctypes.c_int32, [session, tensors, size, tensors, size]),
        "hwc_last_error": (ctypes.c_char_p, []),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib
