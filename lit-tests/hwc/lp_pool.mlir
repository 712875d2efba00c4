// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @two
// CHECK: hwc.lp_pool %{{.*}} {kernel = array<i64: 2>} : 
// LOWER-LABEL: func.func @two
// LOWER: arith.mulf
// LOWER: arith.addf
// LOWER: math.sqrt
func.func @two(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %0 = hwc.lp_pool %x {kernel = array<i64: 2>} : (tensor<1x1x4xf32>) -> tensor<1x1x3xf32>
  return %0 : tensor<1x1x3xf32>
}

// CHECK-LABEL: func.func @one
// CHECK: p = 1 : i64
// LOWER-LABEL: func.func @one
// LOWER: math.absf
// LOWER: arith.addf
// LOWER-NOT: math.powf
func.func @one(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %0 = hwc.lp_pool %x {kernel = array<i64: 2>, p = 1 : i64} : (tensor<1x1x4xf32>) -> tensor<1x1x3xf32>
  return %0 : tensor<1x1x3xf32>
}

// CHECK-LABEL: func.func @three
// CHECK: p = 3 : i64
// LOWER-LABEL: func.func @three
// LOWER: math.powf
// LOWER: arith.addf
// LOWER: math.powf
func.func @three(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %0 = hwc.lp_pool %x {kernel = array<i64: 2>, p = 3 : i64} : (tensor<1x1x4xf32>) -> tensor<1x1x3xf32>
  return %0 : tensor<1x1x3xf32>
}

// -----

func.func @zero(%x: tensor<1x1x4xf32>) {
  // expected-error @+1 {{needs a `p` of 1 at least, got 0}}
  %0 = hwc.lp_pool %x {kernel = array<i64: 2>, p = 0 : i64} : (tensor<1x1x4xf32>) -> tensor<1x1x3xf32>
  return
}
