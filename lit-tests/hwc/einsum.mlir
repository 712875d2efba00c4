// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @product
// CHECK: hwc.einsum %{{.*}}, %{{.*}} {equation = "bid,bjd->bij"}
// LOWER-LABEL: func.func @product
// LOWER: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// LOWER: arith.mulf
func.func @product(%a: tensor<2x8x4xf32>, %b: tensor<2x9x4xf32>) -> tensor<2x8x9xf32> {
  %0 = hwc.einsum %a, %b {equation = "bid,bjd->bij"} : (tensor<2x8x4xf32>, tensor<2x9x4xf32>) -> tensor<2x8x9xf32>
  return %0 : tensor<2x8x9xf32>
}

// CHECK-LABEL: func.func @trace
// CHECK: -> tensor<i32>
// LOWER-LABEL: func.func @trace
// LOWER: iterator_types = ["reduction"]
// LOWER: arith.addi
func.func @trace(%a: tensor<3x3xi32>) -> tensor<i32> {
  %0 = hwc.einsum %a {equation = "ii"} : (tensor<3x3xi32>) -> tensor<i32>
  return %0 : tensor<i32>
}

// CHECK-LABEL: func.func @diagonals
// CHECK: -> tensor<5x3xf32>
// LOWER-LABEL: func.func @diagonals
// LOWER: iterator_types = ["parallel", "parallel"]
func.func @diagonals(%a: tensor<5x3x3xf32>) -> tensor<5x3xf32> {
  %0 = hwc.einsum %a {equation = "...ii->...i"} : (tensor<5x3x3xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}

// -----

func.func @sizes(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{has dimensions of 3 and 2 for the index `j`}}
  %0 = hwc.einsum %a, %b {equation = "ij,jk"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @terms(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has 1 operands, its equation `ij,jk` 2 terms}}
  %0 = hwc.einsum %a {equation = "ij,jk"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @rank(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has operand 0 of rank 2, its term in `ijk->i` 3 letters}}
  %0 = hwc.einsum %a {equation = "ijk->i"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @unknown(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a letter in the result of `ij->k` that no operand has}}
  %0 = hwc.einsum %a {equation = "ij->k"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
