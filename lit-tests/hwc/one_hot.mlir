// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @columns
// CHECK: hwc.one_hot %{{.*}}, %{{.*}} {axis = 0 : i64, depth = 5 : i64} : (tensor<3xi64>, tensor<2xf32>) -> tensor<5x3xf32>
// LOWER: affine_map<(d0, d1) -> (d1)>
// LOWER-LABEL: func.func @columns
// LOWER: %[[PLACE:.*]] = linalg.index 0
// LOWER: arith.cmpi eq, %{{.*}}, %[[PLACE]]
func.func @columns(%at: tensor<3xi64>, %values: tensor<2xf32>) -> tensor<5x3xf32> {
  %0 = hwc.one_hot %at, %values {axis = 0 : i64, depth = 5 : i64} : (tensor<3xi64>, tensor<2xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}

// -----

// The conversion to an integer never sees what does not fit one.

// LOWER-LABEL: func.func @floats
// LOWER: arith.maxnumf
// LOWER: arith.minnumf
// LOWER: arith.fptosi
func.func @floats(%at: tensor<3xf32>, %values: tensor<2xi32>) -> tensor<3x5xi32> {
  %0 = hwc.one_hot %at, %values {depth = 5 : i64} : (tensor<3xf32>, tensor<2xi32>) -> tensor<3x5xi32>
  return %0 : tensor<3x5xi32>
}

// -----

func.func @many(%at: tensor<3xi1>, %values: tensor<3xf32>) {
  // expected-error @+3 {{needs numeric indices, got 3xi1}}
  // expected-error @+2 {{needs two values, off and on, got 3xf32}}
  // expected-error @+1 {{has the negative depth -2}}
  %0 = hwc.one_hot %at, %values {depth = -2 : i64} : (tensor<3xi1>, tensor<3xf32>) -> tensor<3x2xf32>
  return
}
