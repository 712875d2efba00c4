"""Tensors in files: `npy.py FILE.npy EXPRESSION` writes one, `npy.py FILE.npy...` prints them. The expression is
NumPy's: `npy.py x.npy "np.ones((2, 3), np.float32)"`."""

import pathlib
import sys

import numpy as np

if len(sys.argv) == 3 and not sys.argv[2].endswith(".npy"):
    np.save(sys.argv[1], eval(sys.argv[2], {"np": np}))
else:
    for name in sys.argv[1:]:
        value = np.load(name)
        print(pathlib.Path(name).name, value.dtype, value.shape, value.tolist())
