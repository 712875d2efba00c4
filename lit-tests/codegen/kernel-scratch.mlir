// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-kernel-scratch)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// Temporaries become parts of one argument. Those that are not needed at the same time share memory; the third overlaps
// with the second.
// CHECK-LABEL: func.func private @three(
// CHECK-SAME: %[[ARG0:.*]]: memref<64xf32> {llvm.noalias}, %[[ARG1:.*]]: memref<64xf32> {llvm.noalias}, %[[ARG2:.*]]: memref<512xi8> {llvm.noalias}) attributes {hwc.scratch_bytes = 512 : i64, llvm.bareptr} {
// CHECK-NEXT: %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[VIEW:.*]] = memref.view %[[ARG2]][%[[C0]]][] : memref<512xi8> to memref<64xf32>
// CHECK-NEXT: %[[C256:.*]] = arith.constant 256 : index
// CHECK-NEXT: %[[VIEW_0:.*]] = memref.view %[[ARG2]][%[[C256]]][] : memref<512xi8> to memref<64xf32>
// CHECK-NEXT: %[[C0_1:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[VIEW_2:.*]] = memref.view %[[ARG2]][%[[C0_1]]][] : memref<512xi8> to memref<64xf32>
// CHECK-NEXT: memref.copy %[[ARG0]], %[[VIEW]] : memref<64xf32> to memref<64xf32>
// CHECK-NEXT: memref.copy %[[VIEW]], %[[VIEW_0]] : memref<64xf32> to memref<64xf32>
// CHECK-NEXT: memref.copy %[[VIEW_0]], %[[VIEW_2]] : memref<64xf32> to memref<64xf32>
// CHECK-NEXT: memref.copy %[[VIEW_2]], %[[ARG1]] : memref<64xf32> to memref<64xf32>
// CHECK-NEXT: return
// CHECK-NEXT: }

func.func private @three(%x: memref<64xf32>, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  memref.copy %a, %b : memref<64xf32> to memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  memref.copy %b, %c : memref<64xf32> to memref<64xf32>
  memref.copy %c, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// What is tiny lives on the stack.
// CHECK-LABEL: func.func private @tiny(
// CHECK-SAME: %[[ARG0:.*]]: memref<4xf32> {llvm.noalias}, %[[ARG1:.*]]: memref<4xf32> {llvm.noalias}, %[[ARG2:.*]]: memref<0xi8> {llvm.noalias}) attributes {hwc.scratch_bytes = 0 : i64, llvm.bareptr} {
// CHECK-NEXT: %[[ALLOCA:.*]] = memref.alloca() : memref<4xf32>
// CHECK-NEXT: memref.copy %[[ARG0]], %[[ALLOCA]] : memref<4xf32> to memref<4xf32>
// CHECK-NEXT: memref.copy %[[ALLOCA]], %[[ARG1]] : memref<4xf32> to memref<4xf32>
// CHECK-NEXT: return
// CHECK-NEXT: }

func.func private @tiny(%x: memref<4xf32>, %y: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  memref.copy %x, %a : memref<4xf32> to memref<4xf32>
  memref.copy %a, %y : memref<4xf32> to memref<4xf32>
  return
}
