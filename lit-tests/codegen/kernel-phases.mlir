// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-kernel-phases,canonicalize)' | FileCheck %s

// A loop whose iterations are independent is done in parts: the iterations that begin in a range of its work.
// CHECK-LABEL: func.func private @negate(
// CHECK-SAME: %[[X:.*]]: memref<400000xf32> {llvm.noalias}, %[[Y:.*]]: memref<400000xf32> {llvm.noalias}, %[[PART:.*]]: index, %[[PARTS:.*]]: index) attributes {hwc.split
// CHECK-DAG: %[[WORK:.*]] = arith.constant 200000 : index
// CHECK-DAG: %[[EACH:.*]] = arith.constant 8 : index
// CHECK: %[[UP_TO_HERE:.*]] = arith.muli %[[PART]], %[[WORK]]
// CHECK: %[[FROM:.*]] = arith.divui %[[UP_TO_HERE]], %[[PARTS]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[PART]],
// CHECK: arith.muli %[[NEXT]], %[[WORK]]
// CHECK: arith.maxsi %[[FROM]],
// CHECK: %[[FIRST:.*]] = arith.divui %{{.*}}, %[[EACH]]
// CHECK: %[[LAST:.*]] = arith.divui %{{.*}}, %[[EACH]]
// CHECK: %[[BEGIN:.*]] = arith.muli %[[FIRST]],
// CHECK: %[[END:.*]] = arith.muli %[[LAST]],
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
func.func private @negate(%x: memref<400000xf32>, %y: memref<400000xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %n = arith.constant 400000 : index
  scf.for %i = %c0 to %n step %c16 {
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.negf %0 : vector<16xf32>
    vector.store %1, %y[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  return
}

// -----

// What is small, says nothing about its order, or writes one place in all iterations stays whole.
// CHECK-LABEL: func.func private @whole(
// CHECK-SAME: %{{.*}}: memref<400000xf32>, %{{.*}}: memref<400000xf32>, %{{.*}}: memref<16xf32>) {
// CHECK-COUNT-3: scf.for %{{.*}} = %c0 to
// CHECK: return
// CHECK-NOT: func.func
func.func private @whole(%x: memref<400000xf32>, %y: memref<400000xf32>, %z: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %few = arith.constant 1600 : index
  %n = arith.constant 400000 : index
  scf.for %i = %c0 to %few step %c16 {
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    vector.store %0, %y[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  scf.for %i = %c0 to %n step %c16 {
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.negf %0 : vector<16xf32>
    vector.store %1, %y[%i] : memref<400000xf32>, vector<16xf32>
  }
  scf.for %i = %c0 to %n step %c16 {
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.negf %0 : vector<16xf32>
    vector.store %1, %z[%c0] : memref<16xf32>, vector<16xf32>
  } {hwc.parallel}
  return
}

// -----

// One phase after the other: what stands between two loops is one of its own; a value out of memory that nobody writes
// is read where it is needed; memory on the stack within a loop belongs to a part.
// CHECK-LABEL: func.func private @steps.0(
// CHECK-SAME: hwc.split
// CHECK: memref.alloca() : memref<16xf32>
// CHECK: %[[SCALE:.*]] = memref.load %{{.*}}[] : memref<f32>
// CHECK: scf.for
// CHECK: vector.broadcast %[[SCALE]]
// CHECK: hwc.parallel
// CHECK-NOT: memref.store
// CHECK-LABEL: func.func private @steps.1(
// CHECK-NOT: hwc.split
// CHECK-NOT: scf.for
// CHECK: memref.store
// CHECK-LABEL: func.func private @steps.2(
// CHECK-SAME: hwc.split
// CHECK: %[[SCALE:.*]] = memref.load %{{.*}}[] : memref<f32>
// CHECK: scf.for
// CHECK: vector.broadcast %[[SCALE]]
// CHECK-NOT: func.func
func.func private @steps(%x: memref<400000xf32>, %scale: memref<f32>, %y: memref<400000xf32>, %z: memref<400000xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %n = arith.constant 400000 : index
  %row = memref.alloca() : memref<16xf32>
  %s = memref.load %scale[] : memref<f32>
  scf.for %i = %c0 to %n step %c16 {
    %v = vector.broadcast %s : f32 to vector<16xf32>
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    vector.store %0, %row[%c0] : memref<16xf32>, vector<16xf32>
    %1 = vector.load %row[%c0] : memref<16xf32>, vector<16xf32>
    %2 = arith.mulf %1, %v : vector<16xf32>
    vector.store %2, %y[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  %last = memref.load %y[%c16] : memref<400000xf32>
  memref.store %last, %y[%c0] : memref<400000xf32>
  scf.for %i = %c0 to %n step %c16 {
    %v = vector.broadcast %s : f32 to vector<16xf32>
    %0 = vector.load %y[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.addf %0, %v : vector<16xf32>
    vector.store %1, %z[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  return
}

// -----

// A value that one loop needs of the one before keeps them together.
// CHECK-LABEL: func.func private @together(
// CHECK-NOT: hwc.split
// CHECK: scf.for
// CHECK: memref.load
// CHECK: scf.for
// CHECK-NOT: func.func
func.func private @together(%x: memref<400000xf32>, %y: memref<400000xf32>, %z: memref<400000xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %n = arith.constant 400000 : index
  %first = memref.load %y[%c0] : memref<400000xf32>
  scf.for %i = %c0 to %n step %c16 {
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.negf %0 : vector<16xf32>
    vector.store %1, %y[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  %last = memref.load %y[%c16] : memref<400000xf32>
  %sum = arith.addf %first, %last : f32
  scf.for %i = %c0 to %n step %c16 {
    %v = vector.broadcast %sum : f32 to vector<16xf32>
    %0 = vector.load %x[%i] : memref<400000xf32>, vector<16xf32>
    %1 = arith.addf %0, %v : vector<16xf32>
    vector.store %1, %z[%i] : memref<400000xf32>, vector<16xf32>
  } {hwc.parallel}
  return
}

// -----

// Of a group, the part in whose range it begins does what is no loop. Loops of few iterations are divided further inwards.
// CHECK-LABEL: func.func private @group(
// CHECK-SAME: hwc.split
// CHECK: scf.for %[[ROW:.*]] = %{{[0-9]+}} to %{{[0-9]+}} step
// CHECK: arith.muli %[[ROW]],
// CHECK: scf.for
// CHECK: memref.store
// CHECK: %[[BEGUN:.*]] = arith.cmpi sle, %{{.*}}, %c0
// CHECK: %[[NOT_OVER:.*]] = arith.cmpi sgt, %{{.*}}, %c0
// CHECK: %[[HERE:.*]] = arith.andi %[[BEGUN]], %[[NOT_OVER]]
// CHECK: scf.if %[[HERE]] {
// CHECK: vector.store
func.func private @group(%x: memref<3x400016xf32>, %y: memref<3x400016xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c64 = arith.constant 64 : index
  %n = arith.constant 400000 : index
  scf.execute_region {
    scf.for %r = %c0 to %c3 step %c1 {
      scf.for %i = %c0 to %n step %c64 {
        scf.for %j = %c0 to %c64 step %c1 {
          %0 = memref.load %x[%r, %i] : memref<3x400016xf32>
          %1 = math.exp %0 : f32
          memref.store %1, %y[%r, %i] : memref<3x400016xf32>
        }
      } {hwc.parallel}
    } {hwc.parallel, hwc.independent}
    %2 = vector.load %x[%c0, %n] : memref<3x400016xf32>, vector<16xf32>
    vector.store %2, %y[%c0, %n] : memref<3x400016xf32>, vector<16xf32>
    scf.yield
  } {hwc.independent}
  return
}
