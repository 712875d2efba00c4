// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x1xi1>, tensor<3xf32>, tensor<f32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @broadcast
// LOWER: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
func.func @broadcast(%a: tensor<2x1xi1>, %b: tensor<3xf32>, %c: tensor<f32>) -> tensor<2x3xf32> {
  %0 = hwc.select %a, %b, %c : (tensor<2x1xi1>, tensor<3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @bytes
// CHECK: hwc.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xi1>, tensor<2x3xf8E5M2>, tensor<2x3xf8E5M2>) -> tensor<2x3xf8E5M2>
// LOWER-LABEL: func.func @bytes
// LOWER: arith.select %{{.*}}, %{{.*}}, %{{.*}} : i8
func.func @bytes(%a: tensor<2x3xi1>, %b: tensor<2x3xf8E5M2>, %c: tensor<2x3xf8E5M2>) -> tensor<2x3xf8E5M2> {
  %0 = hwc.select %a, %b, %c : (tensor<2x3xi1>, tensor<2x3xf8E5M2>, tensor<2x3xf8E5M2>) -> tensor<2x3xf8E5M2>
  return %0 : tensor<2x3xf8E5M2>
}

// -----

func.func @types(%a: tensor<3xi8>, %b: tensor<3xf32>, %c: tensor<2xi32>) {
  // expected-error @+3 {{needs a condition of i1, got 3xi8}}
  // expected-error @+2 {{selects between two types, 3xf32 and 2xi32}}
  // expected-error @+1 {{cannot broadcast a dimension of 3 with one of 2}}
  %0 = hwc.select %a, %b, %c : (tensor<3xi8>, tensor<3xf32>, tensor<2xi32>) -> tensor<3xf32>
  return
}
