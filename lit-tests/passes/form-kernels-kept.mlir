// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-form-kernels)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// Reshapes cost nothing and stay in `main`; a constant that is more than a number stays data.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x3xf32>) -> tensor<6xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
// CHECK-NEXT: %[[V1:.*]] = hwk.launch @add_0(%[[ARG0]], %[[V0]]) : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %[[V2:.*]] = hwc.reshape %[[V1]] {shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK-NEXT: return %[[V2]] : tensor<6xf32>
// CHECK-NEXT: }

// CHECK-LABEL: hwk.kernel @add_0(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x3xf32>, %[[ARG1:.*]]: tensor<3xf32>) -> (tensor<2x3xf32>) attributes {hwk.constants = array<i64: 1>} {
// CHECK-NEXT: %[[V0:.*]] = hwc.add %[[ARG0]], %[[ARG1]] : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: hwk.yield %[[V0]] : tensor<2x3xf32>
// CHECK-NEXT: }

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
// CHECK-NEXT: %[[V0:.*]] = hwk.launch @exp_0(%[[ARG0]]) : (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: %[[V1:.*]] = hwk.launch @matmul_0(%[[ARG0]], %[[V0]]) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: %[[V2:.*]] = hwk.launch @matmul_1(%[[V0]], %[[ARG0]], %[[V1]]) : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: return %[[V2]], %[[V0]] : tensor<2x2xf32>, tensor<2x2xf32>
// CHECK-NEXT: }

// CHECK-LABEL: hwk.kernel @exp_0(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x2xf32>) -> (tensor<2x2xf32>) {
// CHECK-NEXT: %[[V0:.*]] = hwc.exp %[[ARG0]] : (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: hwk.yield %[[V0]] : tensor<2x2xf32>
// CHECK-NEXT: }

// CHECK-LABEL: hwk.kernel @matmul_0(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x2xf32>, %[[ARG1:.*]]: tensor<2x2xf32>) -> (tensor<2x2xf32>) {
// CHECK-NEXT: %[[V0:.*]] = hwc.matmul %[[ARG0]], %[[ARG1]] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: hwk.yield %[[V0]] : tensor<2x2xf32>
// CHECK-NEXT: }

// CHECK-LABEL: hwk.kernel @matmul_1(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x2xf32>, %[[ARG1:.*]]: tensor<2x2xf32>, %[[ARG2:.*]]: tensor<2x2xf32>) -> (tensor<2x2xf32>) {
// CHECK-NEXT: %[[V0:.*]] = hwc.matmul %[[ARG0]], %[[ARG1]] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.add %[[V0]], %[[ARG2]] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: hwk.yield %[[V1]] : tensor<2x2xf32>
// CHECK-NEXT: }

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[ARG0:.*]]: tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>) {
// CHECK-NEXT: %[[V0:.*]]:2 = hwk.launch @top_k_0(%[[ARG0]]) : (tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>)
// CHECK-NEXT: return %[[V0]]#0, %[[V0]]#1 : tensor<2xf32>, tensor<2xi64>
// CHECK-NEXT: }

// CHECK-LABEL: hwk.kernel @top_k_0(
// CHECK-SAME: %[[ARG0:.*]]: tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>) {
// CHECK-NEXT: %[[VALUES:.*]], %[[INDICES:.*]] = hwc.top_k %[[ARG0]] {axis = 0 : i64, k = 2 : i64, sorted = true} : (tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>)
// CHECK-NEXT: hwk.yield %[[VALUES]], %[[INDICES]] : tensor<2xf32>, tensor<2xi64>
// CHECK-NEXT: }

func.func @main(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %c = hwc.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = hwc.add %x, %c : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = hwc.reshape %0 {shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
  return %1 : tensor<6xf32>
}

// -----

// What two others read has a kernel of its own; of two anchors, one has the sum.
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %0 = hwc.exp %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = hwc.matmul %0, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = hwc.matmul %x, %0 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %3 = hwc.add %1, %2 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %3, %0 : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// An operation with two results makes a kernel with two results.
func.func @main(%x: tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>) {
  %values, %indices = hwc.top_k %x {axis = 0 : i64, k = 2 : i64, largest = true, sorted = true} : (tensor<5xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  return %values, %indices : tensor<2xf32>, tensor<2xi64>
}
