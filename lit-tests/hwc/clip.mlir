// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @both
// CHECK: hwc.clip %{{.*}} min %{{.*}} max %{{.*}} : (tensor<2x3xf32>, tensor<f32>, tensor<1xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @both
// LOWER: arith.cmpf olt
// LOWER: arith.select
// LOWER: arith.cmpf ogt
// LOWER: arith.select
func.func @both(%a: tensor<2x3xf32>, %b: tensor<f32>, %c: tensor<1xf32>) -> tensor<2x3xf32> {
  %0 = hwc.clip %a min %b max %c : (tensor<2x3xf32>, tensor<f32>, tensor<1xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @low
// CHECK: hwc.clip %{{.*}} min %{{.*}} : (tensor<2x3xi8>, tensor<i8>) -> tensor<2x3xi8>
// LOWER-LABEL: func.func @low
// LOWER: arith.cmpi slt
// LOWER: arith.select
// LOWER: linalg.yield
func.func @low(%a: tensor<2x3xi8>, %b: tensor<i8>) -> tensor<2x3xi8> {
  %0 = hwc.clip %a min %b : (tensor<2x3xi8>, tensor<i8>) -> tensor<2x3xi8>
  return %0 : tensor<2x3xi8>
}

// CHECK-LABEL: func.func @high
// CHECK: hwc.clip %{{.*}} max %{{.*}} : (tensor<2x3xui8>, tensor<ui8>) -> tensor<2x3xui8>
// LOWER-LABEL: func.func @high
// LOWER: arith.cmpi ugt
// LOWER: arith.select
// LOWER: linalg.yield
func.func @high(%a: tensor<2x3xui8>, %b: tensor<ui8>) -> tensor<2x3xui8> {
  %0 = hwc.clip %a max %b : (tensor<2x3xui8>, tensor<ui8>) -> tensor<2x3xui8>
  return %0 : tensor<2x3xui8>
}

// CHECK-LABEL: func.func @neither
// CHECK: hwc.clip %{{.*}} : (tensor<2x3xf16>) -> tensor<2x3xf16>
func.func @neither(%a: tensor<2x3xf16>) -> tensor<2x3xf16> {
  %0 = hwc.clip %a : (tensor<2x3xf16>) -> tensor<2x3xf16>
  return %0 : tensor<2x3xf16>
}

// -----

func.func @bounds(%a: tensor<2x3xf32>, %b: tensor<3xf32>, %c: tensor<i32>) {
  // expected-error @+2 {{needs a `min` of one f32, got 3xf32}}
  // expected-error @+1 {{needs a `max` of one f32, got i32}}
  %0 = hwc.clip %a min %b max %c : (tensor<2x3xf32>, tensor<3xf32>, tensor<i32>) -> tensor<2x3xf32>
  return
}
