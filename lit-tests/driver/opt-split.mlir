// Parts of a file are worked on one by one, and diagnostics are compared with what is expected of them.
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not hwc-opt %s --split-input-file 2>&1 | FileCheck %s --check-prefix=ERRORS
// RUN: sed 's/expected-error @+1/expected-warning @+1/' %s > %t.mlir
// RUN: not hwc-opt %t.mlir --split-input-file --verify-diagnostics 2>&1 | FileCheck %s --check-prefix=UNEXPECTED

// CHECK: @first
// CHECK: // -----
// CHECK: @third
// ERRORS: opt-split.mlir:{{[0-9]+}}:8: error: 'hwc.relu' op has a result of type 3xf32, expected 2xf32
// UNEXPECTED: error: 'error' diagnostic emitted when expecting a 'warning'

func.func @first(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = hwc.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @second(%x: tensor<2xf32>) {
  // expected-error @+1 {{has a result of type 3xf32, expected 2xf32}}
  %0 = hwc.relu %x : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @third() { return }
