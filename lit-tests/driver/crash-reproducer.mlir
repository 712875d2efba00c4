// A pass that fails leaves a reproducer that can be run again.
// RUN: not hwc-opt %s --pass-pipeline='builtin.module(hwc-form-kernels)' --mlir-pass-pipeline-crash-reproducer=%t.mlir 2>&1 | FileCheck %s
// RUN: not hwc-opt %t.mlir --run-reproducer 2>&1 | FileCheck %s

// CHECK: not a graph: expected one function, found 2
func.func @one() { return }
func.func @two() { return }
