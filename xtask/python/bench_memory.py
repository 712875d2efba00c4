"""Arrays that nobody has to copy or to treat specially."""

import math

import numpy as np

# What ONNX Runtime, OpenVINO and IREE give their own buffers: a cache line, the widest vector.
ALIGNMENT = 64


def aligned(shape, dtype):
    """An array at a multiple of ALIGNMENT, all of whose pages are there."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    memory[:] = 0
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def aligned_copy(array):
    copy = aligned(array.shape, array.dtype)
    copy[...] = array
    return copy
