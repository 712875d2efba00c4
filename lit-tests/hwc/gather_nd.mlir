// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @batched
// CHECK: hwc.gather_nd %{{.*}}, %{{.*}} {batch_dims = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x5x1xi64>) -> tensor<2x5x4xf32>
// LOWER-LABEL: func.func @batched
// LOWER: linalg.generic
// LOWER: tensor.extract
func.func @batched(%x: tensor<2x3x4xf32>, %at: tensor<2x5x1xi64>) -> tensor<2x5x4xf32> {
  %0 = hwc.gather_nd %x, %at {batch_dims = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x5x1xi64>) -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}

// -----

func.func @tuples(%x: tensor<2x3xf32>, %at: tensor<5x3xi64>) {
  // expected-error @+1 {{has tuples of 3 indices for 2 dimensions}}
  %0 = hwc.gather_nd %x, %at : (tensor<2x3xf32>, tensor<5x3xi64>) -> tensor<5xf32>
  return
}

// -----

func.func @batches(%x: tensor<2x3xf32>, %at: tensor<4x1xi64>) {
  // expected-error @+1 {{has 2 and 4 entries in the batch dimension 0}}
  %0 = hwc.gather_nd %x, %at {batch_dims = 1 : i64} : (tensor<2x3xf32>, tensor<4x1xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @too_many_batches(%x: tensor<2x3xf32>, %at: tensor<2x1xi64>) {
  // expected-error @+1 {{cannot have 2 batch dimensions with 2x3xf32 and 2x1xi64}}
  %0 = hwc.gather_nd %x, %at {batch_dims = 2 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2xf32>
  return
}
