// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.less_or_equal %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @broadcast
// LOWER: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #{{.*}}], iterator_types = ["parallel", "parallel"]}
// LOWER: arith.cmpf ole
func.func @broadcast(%a: tensor<2x1xf32>, %b: tensor<3xf32>) -> tensor<2x3xi1> {
  %0 = hwc.less_or_equal %a, %b : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @integers
// CHECK: hwc.less_or_equal %{{.*}}, %{{.*}} : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
// LOWER-LABEL: func.func @integers
// LOWER: arith.cmpi sle
func.func @integers(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi1> {
  %0 = hwc.less_or_equal %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
  return %0 : tensor<4xi1>
}

// CHECK-LABEL: func.func @unsigned
// CHECK: hwc.less_or_equal %{{.*}}, %{{.*}} : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
// LOWER-LABEL: func.func @unsigned
// LOWER: arith.cmpi ule
func.func @unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xi1> {
  %0 = hwc.less_or_equal %a, %b : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
  return %0 : tensor<4xi1>
}

// -----

func.func @types(%a: tensor<2xf32>, %b: tensor<2xi32>) {
  // expected-error @+1 {{needs two operands of one numeric type, got 2xf32 and 2xi32}}
  %0 = hwc.less_or_equal %a, %b : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xi1>
  return
}

// -----

func.func @shapes(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{cannot broadcast a dimension of 2 with one of 3}}
  %0 = hwc.less_or_equal %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xi1>
  return
}

// -----

func.func @result(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{has a result of type 2xf64, expected 2xi1}}
  %0 = hwc.less_or_equal %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf64>
  return
}
