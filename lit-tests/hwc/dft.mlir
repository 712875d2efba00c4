// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @onesided
// CHECK: hwc.dft %{{.*}} {axis = 1 : i64, onesided = true} : (tensor<2x8x1xf32>) -> tensor<2x5x2xf32>
// Eight is four times two: a transform of two, roots of unity, a transform of four, and half of that is kept.
// LOWER-LABEL: func.func @onesided
// LOWER: linalg.fill
// LOWER: arith.constant dense<{{.*}}> : tensor<2x2xf32>
// LOWER: arith.constant dense<{{.*}}> : tensor<4x2xf32>
// LOWER: arith.constant dense<{{.*}}> : tensor<4x4xf32>
// LOWER: tensor.extract_slice %{{.*}}[0, 0, 0] [2, 5, 1] [1, 1, 1]
func.func @onesided(%x: tensor<2x8x1xf32>) -> tensor<2x5x2xf32> {
  %0 = hwc.dft %x {axis = 1 : i64, onesided = true} : (tensor<2x8x1xf32>) -> tensor<2x5x2xf32>
  return %0 : tensor<2x5x2xf32>
}

// -----

// A large prime is summed.

// LOWER-LABEL: func.func @prime
// LOWER: iterator_types = ["parallel", "parallel", "reduction", "parallel", "parallel"]
func.func @prime(%x: tensor<97x2xf64>) -> tensor<97x2xf64> {
  %0 = hwc.dft %x {axis = 0 : i64, inverse = true} : (tensor<97x2xf64>) -> tensor<97x2xf64>
  return %0 : tensor<97x2xf64>
}

// -----

func.func @many(%x: tensor<4x3xi32>) {
  // expected-error @+4 {{needs a floating-point operand, got 4x3xi32}}
  // expected-error @+3 {{cannot transform along axis 1, which holds real and imaginary parts}}
  // expected-error @+2 {{needs a last dimension of 1 (real) or 2 (complex), got 4x3xi32}}
  // expected-error @+1 {{needs a length above 0, got 0}}
  %0 = hwc.dft %x {axis = -1 : i64, length = 0 : i64} : (tensor<4x3xi32>) -> tensor<4x2xi32>
  return
}
