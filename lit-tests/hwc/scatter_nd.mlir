// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @rows
// CHECK: hwc.scatter_nd %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3x4xf32>, tensor<2x1xi64>, tensor<2x4xf32>) -> tensor<3x4xf32>
// LOWER-LABEL: func.func @rows
// LOWER: scf.for
// LOWER: scf.for
// LOWER: tensor.insert
func.func @rows(%x: tensor<3x4xf32>, %at: tensor<2x1xi64>, %u: tensor<2x4xf32>) -> tensor<3x4xf32> {
  %0 = hwc.scatter_nd %x, %at, %u : (tensor<3x4xf32>, tensor<2x1xi64>, tensor<2x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// LOWER-LABEL: func.func @no_updates
// LOWER-NEXT: return %{{.*}} : tensor<3x4xf32>
func.func @no_updates(%x: tensor<3x4xf32>, %at: tensor<0x1xi64>, %u: tensor<0x4xf32>) -> tensor<3x4xf32> {
  %0 = hwc.scatter_nd %x, %at, %u : (tensor<3x4xf32>, tensor<0x1xi64>, tensor<0x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

func.func @updates(%x: tensor<3x4xf32>, %at: tensor<2x1xi64>, %u: tensor<2xf32>) {
  // expected-error @+1 {{needs updates of 2x4xf32 for 3x4xf32 and 2x1xi64, got 2xf32}}
  %0 = hwc.scatter_nd %x, %at, %u : (tensor<3x4xf32>, tensor<2x1xi64>, tensor<2xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @tuples(%x: tensor<3xf32>, %at: tensor<i64>, %u: tensor<f32>) {
  // expected-error @+1 {{needs indices of rank 1 at least}}
  %0 = hwc.scatter_nd %x, %at, %u : (tensor<3xf32>, tensor<i64>, tensor<f32>) -> tensor<3xf32>
  return
}
