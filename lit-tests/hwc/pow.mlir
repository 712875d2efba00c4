// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @floats
// CHECK: hwc.pow %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @floats
// LOWER: math.powf %{{.*}}, %{{.*}} : f32
func.func @floats(%a: tensor<2x1xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.pow %a, %b : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @whole_exponent
// CHECK: hwc.pow %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @whole_exponent
// LOWER: arith.sitofp %{{.*}} : i64 to f32
// LOWER: math.powf
func.func @whole_exponent(%a: tensor<2x3xf32>, %b: tensor<2x3xi64>) -> tensor<2x3xf32> {
  %0 = hwc.pow %a, %b : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @whole_base
// CHECK: hwc.pow %{{.*}}, %{{.*}} : (tensor<2x3xi32>, tensor<2x3xf32>) -> tensor<2x3xi32>
// LOWER-LABEL: func.func @whole_base
// LOWER: arith.sitofp %{{.*}} : i32 to f64
// LOWER: math.powf %{{.*}}, %{{.*}} : f64
// LOWER: arith.fptosi
func.func @whole_base(%a: tensor<2x3xi32>, %b: tensor<2x3xf32>) -> tensor<2x3xi32> {
  %0 = hwc.pow %a, %b : (tensor<2x3xi32>, tensor<2x3xf32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @integers
// CHECK: hwc.pow %{{.*}}, %{{.*}} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
// LOWER-LABEL: func.func @integers
// LOWER: scf.for
// LOWER: arith.muli
func.func @integers(%a: tensor<2x3xi32>, %b: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = hwc.pow %a, %b : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// -----

func.func @types(%a: tensor<2x3xf32>, %b: tensor<2x3xi1>) {
  // expected-error @+1 {{needs two numeric operands, got 2x3xf32 and 2x3xi1}}
  %0 = hwc.pow %a, %b : (tensor<2x3xf32>, tensor<2x3xi1>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result(%a: tensor<2x3xi32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2x3xf32, expected 2x3xi32}}
  %0 = hwc.pow %a, %b : (tensor<2x3xi32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
