// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-lower,canonicalize,cse)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// Elementwise operations broadcast by their maps.
// CHECK: #[[$MAP:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK: #[[$MAP1:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK: #[[$MAP2:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func private @add(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x1xf32>, %[[ARG1:.*]]: tensor<3xf32>) -> tensor<2x3xf32> {
// CHECK-NEXT: %[[V0:.*]] = tensor.empty() : tensor<2x3xf32>
// CHECK-NEXT: %[[V1:.*]] = linalg.generic {indexing_maps = [#[[$MAP]], #[[$MAP1]], #[[$MAP2]]], iterator_types = ["parallel", "parallel"]} ins(%[[ARG0]], %[[ARG1]] : tensor<2x1xf32>, tensor<3xf32>) outs(%[[V0]] : tensor<2x3xf32>) {
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32, %[[IN_0:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT: %[[V2:.*]] = arith.addf %[[IN]], %[[IN_0]] : f32
// CHECK-NEXT: linalg.yield %[[V2]] : f32
// CHECK-NEXT: } -> tensor<2x3xf32>
// CHECK-NEXT: return %[[V1]] : tensor<2x3xf32>
// CHECK-NEXT: }

func.func private @add(%x: tensor<2x1xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.add %x, %y : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// Unsigned integers are stored without their sign and divided as what they are.
// CHECK: #[[$MAP:.*]] = affine_map<(d0) -> (d0)>
// CHECK-LABEL: func.func private @divide(
// CHECK-SAME: %[[ARG0:.*]]: tensor<4xi8>, %[[ARG1:.*]]: tensor<4xi8>) -> tensor<4xi8> {
// CHECK-NEXT: %[[C1_I8:.*]] = arith.constant 1 : i8
// CHECK-NEXT: %[[C0_I8:.*]] = arith.constant 0 : i8
// CHECK-NEXT: %[[V0:.*]] = tensor.empty() : tensor<4xi8>
// CHECK-NEXT: %[[V1:.*]] = linalg.generic {indexing_maps = [#[[$MAP]], #[[$MAP]], #[[$MAP]]], iterator_types = ["parallel"]} ins(%[[ARG0]], %[[ARG1]] : tensor<4xi8>, tensor<4xi8>) outs(%[[V0]] : tensor<4xi8>) {
// CHECK-NEXT: ^bb0(%[[IN:.*]]: i8, %[[IN_0:.*]]: i8, %[[OUT:.*]]: i8):
// CHECK-NEXT: %[[V2:.*]] = arith.cmpi eq, %[[IN_0]], %[[C0_I8]] : i8
// CHECK-NEXT: %[[V3:.*]] = arith.select %[[V2]], %[[C1_I8]], %[[IN_0]] : i8
// CHECK-NEXT: %[[V4:.*]] = arith.divui %[[IN]], %[[V3]] : i8
// CHECK-NEXT: %[[V5:.*]] = arith.select %[[V2]], %[[C0_I8]], %[[V4]] : i8
// CHECK-NEXT: linalg.yield %[[V5]] : i8
// CHECK-NEXT: } -> tensor<4xi8>
// CHECK-NEXT: return %[[V1]] : tensor<4xi8>
// CHECK-NEXT: }

func.func private @divide(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %0 = hwc.div %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// -----

// Narrow floats are computed in f32 and rounded once.
// CHECK: #[[$MAP:.*]] = affine_map<(d0) -> (d0)>
// CHECK-LABEL: func.func private @half(
// CHECK-SAME: %[[ARG0:.*]]: tensor<4xf16>, %[[ARG1:.*]]: tensor<4xf16>) -> tensor<4xf16> {
// CHECK-NEXT: %[[V0:.*]] = tensor.empty() : tensor<4xf16>
// CHECK-NEXT: %[[V1:.*]] = linalg.generic {indexing_maps = [#[[$MAP]], #[[$MAP]], #[[$MAP]]], iterator_types = ["parallel"]} ins(%[[ARG0]], %[[ARG1]] : tensor<4xf16>, tensor<4xf16>) outs(%[[V0]] : tensor<4xf16>) {
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f16, %[[IN_0:.*]]: f16, %[[OUT:.*]]: f16):
// CHECK-NEXT: %[[V2:.*]] = arith.extf %[[IN]] : f16 to f32
// CHECK-NEXT: %[[V3:.*]] = arith.extf %[[IN_0]] : f16 to f32
// CHECK-NEXT: %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT: %[[V5:.*]] = arith.truncf %[[V4]] : f32 to f16
// CHECK-NEXT: linalg.yield %[[V5]] : f16
// CHECK-NEXT: } -> tensor<4xf16>
// CHECK-NEXT: return %[[V1]] : tensor<4xf16>
// CHECK-NEXT: }

func.func private @half(%x: tensor<4xf16>, %y: tensor<4xf16>) -> tensor<4xf16> {
  %0 = hwc.mul %x, %y : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// -----

// A reshape changes no data.
// CHECK-LABEL: func.func private @reshape(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2x6xf32>) -> tensor<3x4xf32> {
// CHECK-NEXT: %[[COLLAPSED:.*]] = tensor.collapse_shape %[[ARG0]] {{\[\[}}0, 1]] : tensor<2x6xf32> into tensor<12xf32>
// CHECK-NEXT: %[[EXPANDED:.*]] = tensor.expand_shape %[[COLLAPSED]] {{\[\[}}0, 1]] output_shape [3, 4] : tensor<12xf32> into tensor<3x4xf32>
// CHECK-NEXT: return %[[EXPANDED]] : tensor<3x4xf32>
// CHECK-NEXT: }

func.func private @reshape(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %0 = hwc.reshape %x {shape = array<i64: 3, 4>} : (tensor<2x6xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// Constants are constants of the storage type.
// CHECK-LABEL: func.func private @constants(
// CHECK-SAME: ) -> (tensor<2xi8>, tensor<2xi1>) {
// CHECK-NEXT: %[[CST:.*]] = arith.constant dense<[1, -1]> : tensor<2xi8>
// CHECK-NEXT: %[[CST_0:.*]] = arith.constant dense<[true, false]> : tensor<2xi1>
// CHECK-NEXT: return %[[CST]], %[[CST_0]] : tensor<2xi8>, tensor<2xi1>
// CHECK-NEXT: }

func.func private @constants() -> (tensor<2xui8>, tensor<2xi1>) {
  %0 = hwc.constant dense<[1, 255]> : tensor<2xui8>
  %1 = hwc.constant dense<[true, false]> : tensor<2xi1>
  return %0, %1 : tensor<2xui8>, tensor<2xi1>
}
