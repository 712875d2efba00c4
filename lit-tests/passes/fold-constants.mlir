// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-fold-constants)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// What depends on constants only is computed; what reads an argument stays.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2xf32>) -> tensor<2xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.constant dense<[1.200000e+01, 3.500000e+01]> : tensor<2xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.sub %[[ARG0]], %[[V0]] : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: return %[[V1]] : tensor<2xf32>
// CHECK-NEXT: }

func.func @chain(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = hwc.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = hwc.constant dense<[3.0, 5.0]> : tensor<2xf32>
  %0 = hwc.add %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = hwc.mul %0, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %2 = hwc.sub %x, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %2 : tensor<2xf32>
}

// -----

// Every element type is folded in its own arithmetic.
// CHECK-LABEL: func.func @types(
// CHECK-SAME: ) -> (tensor<2xi8>, tensor<2xui8>, tensor<i1>, tensor<2xf16>) {
// CHECK-NEXT: %[[V0:.*]] = hwc.constant dense<[-56, 56]> : tensor<2xi8>
// CHECK-NEXT: %[[V1:.*]] = hwc.constant dense<[144, 200]> : tensor<2xui8>
// CHECK-NEXT: %[[V2:.*]] = hwc.constant dense<false> : tensor<i1>
// CHECK-NEXT: %[[V3:.*]] = hwc.constant dense<[1.000000e+00, 9.994500e-03]> : tensor<2xf16>
// CHECK-NEXT: return %[[V0]], %[[V1]], %[[V2]], %[[V3]] : tensor<2xi8>, tensor<2xui8>, tensor<i1>, tensor<2xf16>
// CHECK-NEXT: }

func.func @types() -> (tensor<2xi8>, tensor<2xui8>, tensor<i1>, tensor<2xf16>) {
  %a = hwc.constant dense<[100, -100]> : tensor<2xi8>
  %b = hwc.constant dense<[200, 100]> : tensor<2xui8>
  %c = hwc.constant dense<true> : tensor<i1>
  %d = hwc.constant dense<[1.0, 0.1]> : tensor<2xf16>
  %0 = hwc.add %a, %a : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  %1 = hwc.add %b, %b : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  %2 = hwc.not %c : (tensor<i1>) -> tensor<i1>
  %3 = hwc.mul %d, %d : (tensor<2xf16>, tensor<2xf16>) -> tensor<2xf16>
  return %0, %1, %2, %3 : tensor<2xi8>, tensor<2xui8>, tensor<i1>, tensor<2xf16>
}

// -----

// What nobody reads is removed.
// CHECK-LABEL: func.func @unused(
// CHECK-SAME: %[[ARG0:.*]]: tensor<2xf32>) -> tensor<2xf32> {
// CHECK-NEXT: return %[[ARG0]] : tensor<2xf32>
// CHECK-NEXT: }

func.func @unused(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = hwc.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = hwc.exp %a : (tensor<2xf32>) -> tensor<2xf32>
  return %x : tensor<2xf32>
}
