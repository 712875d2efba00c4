# Configuration of LLVM's lit. `cargo test` runs the suite; so does `lit lit-tests` by itself after a build.
# docs/testing.md describes the substitutions below.
import os
import shutil

import lit.formats

config.name = "hwc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "tools"]

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

python = os.path.join(venv, "bin", "python")
tool = lambda name: python + " " + os.path.join(root, "lit-tests", "tools", name + ".py")
config.substitutions += [
    ("%browser", tool("browser")),
    ("%exits", tool("exits")),
    ("%npy", tool("npy")),
    ("%onnx", tool("onnx_text")),
    ("%python", python),
]

if shutil.which("chromium"):
    config.available_features.add("chromium")

# `cargo xtask bless` stands in for FileCheck and writes what it would have expected.
bless = os.environ.get("HWC_BLESS")
if bless:
    config.substitutions.append((r"\bFileCheck\b", bless + " bless-file"))
