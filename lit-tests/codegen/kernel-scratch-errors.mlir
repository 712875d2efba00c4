// A temporary of a size that is not known cannot be planned for: every such place is named.
// RUN: not hwc-opt %s --pass-pipeline='builtin.module(hwc-kernel-scratch)' 2>&1 | FileCheck %s

// CHECK: error: not supported by code generation:
// CHECK-NEXT: kernel-scratch-errors.mlir":{{[0-9]+}}:8): a temporary of type memref<?xf32>
// CHECK-NEXT: kernel-scratch-errors.mlir":{{[0-9]+}}:8): a temporary of type memref<?xf32>

func.func private @dynamic(%n: index, %y: memref<4xf32>) {
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%n) : memref<?xf32>
  memref.copy %a, %b : memref<?xf32> to memref<?xf32>
  return
}
