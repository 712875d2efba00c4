// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-form-kernels)' | FileCheck %s

// A normalization written out, with the sum it starts from, is one kernel; the sum leaves it too.

// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]]:2 = hwk.launch @reduce_sum_square_0(
// CHECK-NEXT: %[[M:.*]] = hwk.launch @matmul_0(%[[R]]#0
// CHECK-NEXT: return %[[R]]#1, %[[M]]
// CHECK: hwk.kernel @reduce_sum_square_0
// CHECK: %[[S:.*]] = hwc.add
// CHECK: hwc.reduce_sum_square
// CHECK: hwc.sqrt
// CHECK: %[[Y:.*]] = hwc.div
// CHECK: hwk.yield %[[S]], %[[Y]]
func.func @main(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %s = hwc.add %x, %y : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %m = hwc.matmul %s, %x : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %q = hwc.reduce_sum_square %s over [-1] : (tensor<8x8xf32>) -> tensor<8x1xf32>
  %r = hwc.sqrt %q : (tensor<8x1xf32>) -> tensor<8x1xf32>
  %d = hwc.div %s, %r : (tensor<8x8xf32>, tensor<8x1xf32>) -> tensor<8x8xf32>
  return %d, %m : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// Statistics of columns are not those of rows: two kernels.

// CHECK-LABEL: func.func @main
// CHECK: hwk.launch @reduce_sum_0
// CHECK: hwk.launch @softmax_0
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %c = hwc.reduce_sum %x over [0] : (tensor<8x8xf32>) -> tensor<1x8xf32>
  %d = hwc.div %x, %c : (tensor<8x8xf32>, tensor<1x8xf32>) -> tensor<8x8xf32>
  %s = hwc.softmax %d : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return %s : tensor<8x8xf32>
}

// -----

// What the matmul between them needs keeps the two apart.

// CHECK-LABEL: func.func @main
// CHECK: %[[S:.*]] = hwk.launch @reduce_sum_0
// CHECK: %[[M:.*]] = hwk.launch @matmul_0(%{{.*}}, %[[S]]
// CHECK: return %[[M]]
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %s = hwc.reduce_sum %x over [1] : (tensor<8x8xf32>) -> tensor<8x1xf32>
  %e = hwc.matmul %x, %x : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %d = hwc.div %e, %s : (tensor<8x8xf32>, tensor<8x1xf32>) -> tensor<8x8xf32>
  return %d : tensor<8x8xf32>
}
