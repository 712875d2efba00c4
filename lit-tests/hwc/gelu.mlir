// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @floats
// CHECK: hwc.gelu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @floats
// LOWER: linalg.generic
// LOWER: math.erf
func.func @floats(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.gelu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @narrow
// CHECK: hwc.gelu %{{.*}} : (tensor<4xf16>) -> tensor<4xf16>
// LOWER-LABEL: func.func @narrow
// LOWER: arith.extf %{{.*}} : f16 to f32
// LOWER: arith.truncf %{{.*}} : f32 to f16
func.func @narrow(%a: tensor<4xf16>) -> tensor<4xf16> {
  %0 = hwc.gelu %a : (tensor<4xf16>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// CHECK-LABEL: func.func @attributes
// CHECK: hwc.gelu %{{.*}} {approximate = "tanh"} : (tensor<f64>) -> tensor<f64>
// LOWER-LABEL: func.func @attributes
// LOWER: math.exp
func.func @attributes(%a: tensor<f64>) -> tensor<f64> {
  %0 = hwc.gelu %a {approximate = "tanh"} : (tensor<f64>) -> tensor<f64>
  return %0 : tensor<f64>
}

// -----

func.func @types(%a: tensor<2x3xi32>) {
  // expected-error @+1 {{needs a floating-point operand, got 2x3xi32}}
  %0 = hwc.gelu %a : (tensor<2x3xi32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 3x2xf32, expected 2x3xf32}}
  %0 = hwc.gelu %a : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @approximation(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has `approximate` = "fast", which is neither "none" nor "tanh"}}
  %0 = hwc.gelu %a {approximate = "fast"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
