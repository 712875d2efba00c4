"""IREE: the better one of two ways to compile for this CPU."""

import hashlib
import pathlib
import subprocess
import sys
import time

import numpy as np
from protocol import Refused

COMMON = [
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
    "--iree-input-demote-i64-to-i32=false",
]
WAYS = [
    [*COMMON, "--iree-opt-level=O3"],
    [*COMMON, "--iree-opt-level=O3", "--iree-opt-data-tiling", "--iree-llvmcpu-enable-ukernels=all"],
]
# Seconds that a compilation may take.
LIMIT = 240


class Iree:
    def __init__(self, model, request):
        from importlib.metadata import version

        source = pathlib.Path(model.fixed).read_bytes()
        cache = pathlib.Path(request["cache"])
        cache.mkdir(parents=True, exist_ok=True)
        candidates, refusals = [], []
        for way in WAYS:
            key = hashlib.sha256(source + repr((way, version("iree-base-compiler"))).encode()).hexdigest()[:32]
            try:
                candidates.append(Compiled(compiled(model, cache / f"{key}.vmfb", way), model, request["threads"]))
            except Refused as refusal:
                refusals.append(str(refusal))
        if not candidates:
            raise Refused(refusals[0])
        # The other one is kept: taking a device with workers down ends the process.
        self.candidates = candidates
        self.best = min(candidates, key=lambda candidate: candidate.seconds)
        self.run = self.best.run

    @property
    def results(self):
        return self.best.results()


class Compiled:
    def __init__(self, file, model, threads):
        from iree import runtime

        # One thread computes in the caller; more are workers, which sleep between calls.
        if threads == 1:
            device = runtime.get_driver("local-sync").create_default_device()
        else:
            runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
            device = runtime.get_driver("local-task").create_default_device()
        instance = runtime.VmInstance()
        hal = runtime.create_hal_module(instance, device)
        module = runtime.VmModule.mmap(instance, str(file))
        self.context = runtime.VmContext(instance, [hal, module])
        names = [name for name in module.function_names if not name.startswith("__") and not name.endswith("$async")]
        self.function = module.lookup_function(names[0])
        self.arguments = runtime.VmVariantList(len(model.inputs))
        # The file has no inputs but those that are not known when it is compiled, in this order.
        self.kept = [runtime.asdevicearray(device, model.inputs[name]) for name in model.free]
        for array in self.kept:
            self.arguments.push_ref(array._buffer_view)
        self.names, self.device, self.runtime = model.outputs, device, runtime
        self.last = None
        self.run()
        start = time.perf_counter()
        self.run()
        self.seconds = time.perf_counter() - start

    def run(self):
        # The results of the call before are given back first, so that their memory is used again.
        self.last = None
        outputs = self.runtime.VmVariantList(len(self.names))
        self.context.invoke(self.function, self.arguments, outputs)
        self.last = outputs

    def results(self):
        views = [self.last.get_as_object(i, self.runtime.HalBufferView) for i in range(len(self.names))]
        arrays = [self.runtime.DeviceArray(self.device, view, implicit_host_transfer=True) for view in views]
        return {name: np.asarray(array) for name, array in zip(self.names, arrays)}


def compiled(model, file, way):
    """The compiled module; kept, since it depends on the model alone and takes minutes for a large one."""
    if file.exists():
        return file
    text = pathlib.Path(model.directory) / "iree.mlir"
    program = pathlib.Path(sys.executable).parent
    if not text.exists():
        call([program / "iree-import-onnx", model.fixed, "-o", text, "--opset-version", "20"])
    part = file.with_suffix(".part")
    call([program / "iree-compile", text, *way, "-o", part])
    part.rename(file)
    return file


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise Refused(f"{command[0].name} takes more than {LIMIT} s") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[-1:]
        raise Refused(f"{command[0].name}: {' '.join(lines[:1])}"[:300])
