// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-form-kernels)' | FileCheck %s

// A chain of elementwise operations joins the kernel of its anchor; constants of one element become part of it.

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = hwc.constant
// CHECK: %[[Y:.*]] = hwk.launch @matmul_0(%{{.*}}, %[[W]])
// CHECK-NEXT: return %[[Y]]
// CHECK: hwk.kernel @matmul_0
// CHECK-DAG: hwc.constant dense<1.000000e+00> : tensor<f32>
// CHECK: hwc.matmul
// CHECK: hwc.add
// CHECK: hwc.relu
func.func @main(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = hwc.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %one = hwc.constant dense<1.0> : tensor<f32>
  %0 = hwc.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = hwc.add %0, %one : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
  %2 = hwc.relu %1 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %2 : tensor<2x2xf32>
}

// -----

// Equal groups share a kernel.

// CHECK-LABEL: func.func @main
// CHECK: hwk.launch @matmul_0
// CHECK: hwk.launch @matmul_0
// CHECK: hwk.kernel @matmul_0
// CHECK-NOT: hwk.kernel
func.func @main(%x: tensor<2x2xf32>, %y: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %0 = hwc.matmul %x, %y : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = hwc.matmul %0, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}
