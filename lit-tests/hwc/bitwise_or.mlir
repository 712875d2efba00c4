// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.bitwise_or %{{.*}}, %{{.*}} : (tensor<2x1xi32>, tensor<3xi32>) -> tensor<2x3xi32>
// LOWER-LABEL: func.func @broadcast
// LOWER: arith.ori %{{.*}}, %{{.*}} : i32
func.func @broadcast(%a: tensor<2x1xi32>, %b: tensor<3xi32>) -> tensor<2x3xi32> {
  %0 = hwc.bitwise_or %a, %b : (tensor<2x1xi32>, tensor<3xi32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @narrow
// CHECK: hwc.bitwise_or %{{.*}}, %{{.*}} : (tensor<4xui4>, tensor<4xui4>) -> tensor<4xui4>
// LOWER-LABEL: func.func @narrow
// LOWER: arith.ori %{{.*}}, %{{.*}} : i8
func.func @narrow(%a: tensor<4xui4>, %b: tensor<4xui4>) -> tensor<4xui4> {
  %0 = hwc.bitwise_or %a, %b : (tensor<4xui4>, tensor<4xui4>) -> tensor<4xui4>
  return %0 : tensor<4xui4>
}

// -----

func.func @types(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{needs two operands of one integer type, got 2xf32 and 2xf32}}
  %0 = hwc.bitwise_or %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @shapes(%a: tensor<2xi32>, %b: tensor<3xi32>) {
  // expected-error @+1 {{cannot broadcast a dimension of 2 with one of 3}}
  %0 = hwc.bitwise_or %a, %b : (tensor<2xi32>, tensor<3xi32>) -> tensor<3xi32>
  return
}
