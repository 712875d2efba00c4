// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @linear
// CHECK: hwc.tensor_scatter %{{.*}}, %{{.*}} at %{{.*}} : (tensor<2x8x4xf32>, tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x8x4xf32>
// LOWER-LABEL: func.func @linear
// LOWER: arith.cmpi ult,
// LOWER: tensor.extract
// LOWER: arith.select
func.func @linear(%c: tensor<2x8x4xf32>, %u: tensor<2x3x4xf32>, %i: tensor<2xi64>) -> tensor<2x8x4xf32> {
  %0 = hwc.tensor_scatter %c, %u at %i : (tensor<2x8x4xf32>, tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x8x4xf32>
  return %0 : tensor<2x8x4xf32>
}

// CHECK-LABEL: func.func @circular
// CHECK: hwc.tensor_scatter %{{.*}}, %{{.*}} {axis = 1 : i64, circular = true}
// LOWER-LABEL: func.func @circular
// LOWER: arith.remsi
func.func @circular(%c: tensor<2x8xf32>, %u: tensor<2x3xf32>) -> tensor<2x8xf32> {
  %0 = hwc.tensor_scatter %c, %u {axis = 1 : i64, circular = true} : (tensor<2x8xf32>, tensor<2x3xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @long(%c: tensor<2x8x4xf32>, %u: tensor<2x9x4xf32>, %i: tensor<3xi64>) {
  // expected-error @+2 {{cannot write an update of type 2x9x4xf32 along axis 1 of 2x8x4xf32}}
  // expected-error @+1 {{needs `indices` of 2 i64, got 3xi64}}
  %0 = hwc.tensor_scatter %c, %u at %i : (tensor<2x8x4xf32>, tensor<2x9x4xf32>, tensor<3xi64>) -> tensor<2x8x4xf32>
  return
}

// -----

func.func @samples(%c: tensor<8x4xf32>) {
  // expected-error @+1 {{needs an `axis` other than that of the samples}}
  %0 = hwc.tensor_scatter %c, %c {axis = 0 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}
