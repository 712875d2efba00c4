// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @columns
// CHECK: hwc.gather_elements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<3x4xf32>, tensor<2x9xi32>) -> tensor<2x9xf32>
// LOWER-LABEL: func.func @columns
// LOWER: linalg.generic
// LOWER: %[[ROW:.*]] = linalg.index 0
// LOWER: %[[AT:.*]] = arith.minsi
// LOWER: tensor.extract %{{.*}}[%[[ROW]], %[[AT]]]
func.func @columns(%x: tensor<3x4xf32>, %at: tensor<2x9xi32>) -> tensor<2x9xf32> {
  %0 = hwc.gather_elements %x, %at {axis = 1 : i64} : (tensor<3x4xf32>, tensor<2x9xi32>) -> tensor<2x9xf32>
  return %0 : tensor<2x9xf32>
}

// -----

func.func @larger(%x: tensor<3x4xf32>, %at: tensor<5x5xi64>) {
  // expected-error @+1 {{has indices 5x5xi64 larger than 3x4xf32 in dimension 1, which is not the axis}}
  %0 = hwc.gather_elements %x, %at : (tensor<3x4xf32>, tensor<5x5xi64>) -> tensor<5x5xf32>
  return
}

// -----

func.func @rank(%x: tensor<3x4xf32>, %at: tensor<5xi64>) {
  // expected-error @+1 {{needs indices of the operand's rank, got 5xi64 for 3x4xf32}}
  %0 = hwc.gather_elements %x, %at : (tensor<3x4xf32>, tensor<5xi64>) -> tensor<5xf32>
  return
}
