// The driver without a subcommand is an opt tool.
// RUN: hwc-opt %s | FileCheck %s
// RUN: cat %s | hwc-opt - | FileCheck %s
// RUN: hwc-opt %s --emit-bytecode -o %t.mlirbc
// RUN: hwc-opt %t.mlirbc | FileCheck %s
// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-form-kernels)' --mlir-print-ir-after-all 2>&1 | FileCheck %s --check-prefix=AFTER
// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-form-kernels)' --mlir-timing 2>&1 | FileCheck %s --check-prefix=TIMING
// RUN: hwc-opt --help-opt | FileCheck %s --check-prefix=HELP
// RUN: not hwc-opt %s --pass-pipeline='builtin.module(hwc-no-such-pass)' 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CHECK: hwc.relu
// AFTER: IR Dump After {{.*}}hwc-form-kernels
// TIMING: hwc-form-kernels
// HELP-DAG: --hwc-form-kernels
// HELP-DAG: --hwc-lower
// UNKNOWN: hwc-no-such-pass
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = hwc.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
