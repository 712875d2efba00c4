// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @forwards
// CHECK: hwc.cumsum %{{.*}} {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @forwards
// LOWER: scf.for
// LOWER: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (f32, tensor<2x3x1xf32>)
// LOWER: arith.addf
func.func @forwards(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.cumsum %a {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @backwards
// CHECK: hwc.cumsum %{{.*}} {axis = 0 : i64, exclusive = true, reverse = true} : (tensor<2x3xbf16>) -> tensor<2x3xbf16>
// LOWER-LABEL: func.func @backwards
// LOWER: scf.for
// LOWER: linalg.fill {{.*}} -> tensor<3xf32>
// LOWER: arith.subi %c1{{.*}}, %{{.*}} : index
// LOWER: tensor.insert {{.*}} : tensor<1x2x3xbf16>
func.func @backwards(%a: tensor<2x3xbf16>) -> tensor<2x3xbf16> {
  %0 = hwc.cumsum %a {axis = 0 : i64, exclusive = true, reverse = true} : (tensor<2x3xbf16>) -> tensor<2x3xbf16>
  return %0 : tensor<2x3xbf16>
}

// -----

func.func @axis(%a: tensor<f32>) {
  // expected-error @+1 {{axis 0 is outside of rank 0}}
  %0 = hwc.cumsum %a {axis = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @types(%a: tensor<2xi1>) {
  // expected-error @+1 {{needs a numeric operand, got 2xi1}}
  %0 = hwc.cumsum %a {axis = 0 : i64} : (tensor<2xi1>) -> tensor<2xi1>
  return
}
