// Each pass of hwc can be named by itself, and upstream's passes beside them.
// RUN: hwc-opt --help-opt | FileCheck %s --check-prefix=HELP
// RUN: hwc-opt %s --hwc-fold-constants --cse --canonicalize | FileCheck %s
// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-fold-constants,cse)' --mlir-print-ir-before-all 2>&1 | FileCheck %s --check-prefix=BEFORE

// HELP-DAG: --hwc-fold-constants {{.*}} Computes what depends on nothing but constants
// HELP-DAG: --hwc-form-kernels {{.*}} Moves groups of hwc operations into kernels
// HELP-DAG: --hwc-lower {{.*}} Replaces hwc operations by linalg
// HELP-DAG: --cse
// BEFORE: IR Dump Before {{.*}}hwc-fold-constants
// BEFORE: IR Dump Before CSE

// Operations are pure: equal ones are merged, unused ones are removed.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: %[[R:.*]] = hwc.relu
// CHECK-NEXT: %[[S:.*]] = hwc.add %[[R]], %[[R]]
// CHECK-NEXT: return %[[S]]
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = hwc.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  %1 = hwc.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  %2 = hwc.exp %x : (tensor<2xf32>) -> tensor<2xf32>
  %3 = hwc.add %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %3 : tensor<2xf32>
}
