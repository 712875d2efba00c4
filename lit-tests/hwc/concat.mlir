// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @columns
// CHECK: hwc.concat %{{.*}}, %{{.*}}, %{{.*}} {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2x0xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
// What has no elements is not written.
// LOWER-LABEL: func.func @columns
// LOWER: tensor.insert_slice %{{.*}}[0, 0] [2, 3] [1, 1]
// LOWER: tensor.insert_slice %{{.*}}[0, 3] [2, 1] [1, 1]
// LOWER-NOT: tensor.insert_slice
func.func @columns(%a: tensor<2x3xf32>, %b: tensor<2x0xf32>, %c: tensor<2x1xf32>) -> tensor<2x4xf32> {
  %0 = hwc.concat %a, %b, %c {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2x0xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @differ(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>, %c: tensor<2x3xi32>) {
  // expected-error @+2 {{2x3xf32 and 2x4xf32 differ in dimension 1, which is not axis 0}}
  // expected-error @+1 {{cannot put 2x3xf32 and 2x3xi32 in one tensor}}
  %0 = hwc.concat %a, %b, %c {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>, tensor<2x3xi32>) -> tensor<6x3xf32>
  return
}

// -----

func.func @axis(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %0 = hwc.concat %a, %a {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return
}
