// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @batches
// CHECK: hwc.matmul %{{.*}}, %{{.*}} : (tensor<2x1x3x4xf32>, tensor<5x4x6xf32>) -> tensor<2x5x3x6xf32>
// LOWER-LABEL: func.func @batches
// LOWER: linalg.fill
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
// LOWER: arith.mulf
// LOWER: arith.addf
func.func @batches(%a: tensor<2x1x3x4xf32>, %b: tensor<5x4x6xf32>) -> tensor<2x5x3x6xf32> {
  %0 = hwc.matmul %a, %b : (tensor<2x1x3x4xf32>, tensor<5x4x6xf32>) -> tensor<2x5x3x6xf32>
  return %0 : tensor<2x5x3x6xf32>
}

// CHECK-LABEL: func.func @vectors
// CHECK: -> tensor<f32>
// LOWER-LABEL: func.func @vectors
// LOWER: iterator_types = ["reduction"]
func.func @vectors(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<f32> {
  %0 = hwc.matmul %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// Half precision is summed in single precision and rounded once.
// CHECK-LABEL: func.func @half
// CHECK: -> tensor<2x2xf16>
// LOWER-LABEL: func.func @half
// LOWER: outs(%{{.*}} : tensor<2x2xf32>)
// LOWER: arith.extf
// LOWER: arith.addf
// LOWER: arith.truncf
func.func @half(%a: tensor<2x3xf16>, %b: tensor<3x2xf16>) -> tensor<2x2xf16> {
  %0 = hwc.matmul %a, %b : (tensor<2x3xf16>, tensor<3x2xf16>) -> tensor<2x2xf16>
  return %0 : tensor<2x2xf16>
}

// -----

func.func @summed(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{sums over 3 columns of 2x3xf32 and 2 rows of 2x3xf32}}
  %0 = hwc.matmul %a, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @batch(%a: tensor<2x2x3xf32>, %b: tensor<3x3x3xf32>) {
  // expected-error @+1 {{cannot broadcast a dimension of 2 with one of 3}}
  %0 = hwc.matmul %a, %b : (tensor<2x2x3xf32>, tensor<3x3x3xf32>) -> tensor<2x2x3xf32>
  return
}

// -----

func.func @scalar(%a: tensor<f32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{needs operands of rank 1 at least, got f32 and 3xf32}}
  %0 = hwc.matmul %a, %b : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @types(%a: tensor<2x2xf32>, %b: tensor<2x2xf64>) {
  // expected-error @+1 {{needs two operands of one numeric type, got 2x2xf32 and 2x2xf64}}
  %0 = hwc.matmul %a, %b : (tensor<2x2xf32>, tensor<2x2xf64>) -> tensor<2x2xf32>
  return
}
