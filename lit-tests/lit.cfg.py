# Configuration of LLVM's lit. `cargo test` runs the suite; so does `lit lit-tests` by itself after a build.
import os

import lit.formats

config.name = "hwc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
built = [os.path.join(target, profile, "hwc-opt") for profile in ("release", "debug")]
hwc_opt = os.environ.get("HWC_OPT") or next((p for p in built if os.path.exists(p)), None)
if hwc_opt is None:
    lit_config.fatal("no hwc-opt below %s; run `cargo build --release`, or name one in HWC_OPT" % target)
llvm = os.environ.get("MLIR_SYS_220_PREFIX", "/usr/lib/llvm-22")
venv = os.environ.get("HWC_VENV", os.path.join(target, "venv"))

config.test_exec_root = os.path.join(target, "lit")
# The directory of hwc-opt comes first, then FileCheck, not and split-file.
config.environment["PATH"] = os.pathsep.join([os.path.dirname(hwc_opt), os.path.join(llvm, "bin"), os.environ["PATH"]])
config.environment["HOME"] = os.environ.get("HOME", "/")
# `%onnx TEXT MODEL` writes a model from ONNX's text form; `%python` has onnx and numpy.
python = os.path.join(venv, "bin", "python")
config.substitutions.append(("%onnx", python + " " + os.path.join(root, "lit-tests", "onnx_text.py")))
config.substitutions.append(("%python", python))
if os.path.exists(python):
    config.available_features.add("onnx")
