// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-kernel-destinations)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// Inputs and results become buffers of the caller.
// CHECK-LABEL: func.func private @negate(
// CHECK-SAME: %[[ARG0:.*]]: memref<4xf32> {llvm.noalias}, %[[ARG1:.*]]: memref<4xf32> {llvm.noalias}) attributes {llvm.bareptr} {
// CHECK-NEXT: %[[V0:.*]] = bufferization.to_tensor %[[ARG0]] restrict : memref<4xf32> to tensor<4xf32>
// CHECK-NEXT: %[[V1:.*]] = tensor.empty() : tensor<4xf32>
// CHECK-NEXT: %[[MAPPED:.*]] = linalg.map { arith.negf } ins(%[[V0]] : tensor<4xf32>) outs(%[[V1]] : tensor<4xf32>)
// CHECK-NEXT: bufferization.materialize_in_destination %[[MAPPED]] in restrict writable %[[ARG1]] : (tensor<4xf32>, memref<4xf32>) -> ()
// CHECK-NEXT: return
// CHECK-NEXT: }

func.func private @negate(%x: tensor<4xf32>) -> tensor<4xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  %0 = linalg.map { arith.negf } ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>)
  return %0 : tensor<4xf32>
}

// -----

// Two results are two buffers; what has no elements is not passed.
// CHECK-LABEL: func.func private @both(
// CHECK-SAME: %[[ARG0:.*]]: memref<4xf32> {llvm.noalias}, %[[ARG1:.*]]: memref<4xf32> {llvm.noalias}, %[[ARG2:.*]]: memref<4xf32> {llvm.noalias}) attributes {llvm.bareptr} {
// CHECK-NEXT: %[[V0:.*]] = bufferization.to_tensor %[[ARG0]] restrict : memref<4xf32> to tensor<4xf32>
// CHECK-NEXT: %[[V1:.*]] = tensor.empty() : tensor<0xf32>
// CHECK-NEXT: %[[V2:.*]] = tensor.empty() : tensor<4xf32>
// CHECK-NEXT: %[[MAPPED:.*]] = linalg.map { math.absf } ins(%[[V0]] : tensor<4xf32>) outs(%[[V2]] : tensor<4xf32>)
// CHECK-NEXT: bufferization.materialize_in_destination %[[MAPPED]] in restrict writable %[[ARG1]] : (tensor<4xf32>, memref<4xf32>) -> ()
// CHECK-NEXT: bufferization.materialize_in_destination %[[V0]] in restrict writable %[[ARG2]] : (tensor<4xf32>, memref<4xf32>) -> ()
// CHECK-NEXT: return
// CHECK-NEXT: }

func.func private @both(%x: tensor<4xf32>, %none: tensor<0xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %empty = tensor.empty() : tensor<4xf32>
  %0 = linalg.map { math.absf } ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>)
  return %0, %x : tensor<4xf32>, tensor<4xf32>
}
