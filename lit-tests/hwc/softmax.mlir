// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @last
// CHECK: hwc.softmax %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @last
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LOWER: arith.maxnumf
// LOWER: arith.subf
// LOWER: math.exp
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LOWER: arith.addf
// LOWER: arith.divf
func.func @last(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.softmax %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @first
// CHECK: hwc.softmax %{{.*}} {axis = 0 : i64} : (tensor<2x3xf16>) -> tensor<2x3xf16>
// LOWER-LABEL: func.func @first
// LOWER: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]
func.func @first(%a: tensor<2x3xf16>) -> tensor<2x3xf16> {
  %0 = hwc.softmax %a {axis = 0 : i64} : (tensor<2x3xf16>) -> tensor<2x3xf16>
  return %0 : tensor<2x3xf16>
}

// -----

func.func @axis(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{axis -3 is outside of rank 2}}
  %0 = hwc.softmax %a {axis = -3 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @types(%a: tensor<2x3xi32>) {
  // expected-error @+2 {{needs floating-point elements, got 2x3xi32}}
  // expected-error @+1 {{axis 7 is outside of rank 2}}
  %0 = hwc.softmax %a {axis = 7 : i64} : (tensor<2x3xi32>) -> tensor<2x3xi32>
  return
}
