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

// -----

// Each thread has its own of what iterations that may run at the same time need.
// CHECK-LABEL: func.func private @parallel(
// CHECK-SAME: %[[ARG0:.*]]: memref<4x64xf32> {llvm.noalias}, %[[ARG1:.*]]: memref<4x64xf32> {llvm.noalias}, %[[ARG2:.*]]: memref<0xi8> {llvm.noalias}) attributes {hwc.scratch_bytes = 0 : i64, llvm.bareptr} {
// CHECK-NEXT: %[[ALLOCA:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1x64xf32>
// CHECK-NEXT: %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[C1:.*]] = arith.constant 1 : index
// CHECK-NEXT: %[[C4:.*]] = arith.constant 4 : index
// CHECK-NEXT: scf.for %[[ARG3:.*]] = %[[C0]] to %[[C4]] step %[[C1]] {
// CHECK-NEXT: %[[SUBVIEW:.*]] = memref.subview %[[ARG0]][%[[ARG3]], 0] [1, 64] [1, 1] : memref<4x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
// CHECK-NEXT: memref.copy %[[SUBVIEW]], %[[ALLOCA]] : memref<1x64xf32, strided<[64, 1], offset: ?>> to memref<1x64xf32>
// CHECK-NEXT: %[[SUBVIEW_0:.*]] = memref.subview %[[ARG1]][%[[ARG3]], 0] [1, 64] [1, 1] : memref<4x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
// CHECK-NEXT: memref.copy %[[ALLOCA]], %[[SUBVIEW_0]] : memref<1x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
// CHECK-NEXT: } {hwc.parallel}
// CHECK-NEXT: return
// CHECK-NEXT: }

func.func private @parallel(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %a = memref.alloc() : memref<1x64xf32>
    %from = memref.subview %x[%i, 0] [1, 64] [1, 1] : memref<4x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
    memref.copy %from, %a : memref<1x64xf32, strided<[64, 1], offset: ?>> to memref<1x64xf32>
    %to = memref.subview %y[%i, 0] [1, 64] [1, 1] : memref<4x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
    memref.copy %a, %to : memref<1x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
  } {hwc.parallel}
  return
}
