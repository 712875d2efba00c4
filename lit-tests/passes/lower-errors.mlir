// What has no static shape cannot be lowered.
// RUN: not hwc-opt %s --pass-pipeline='builtin.module(hwc-lower)' 2>&1 | FileCheck %s

// CHECK: error: cannot lower this module: symbolic: an argument has no static tensor type
func.func private @symbolic(%x: tensor<?xf32, ["n"]>) -> tensor<?xf32, ["n"]> {
  %0 = hwc.relu %x : (tensor<?xf32, ["n"]>) -> tensor<?xf32, ["n"]>
  return %0 : tensor<?xf32, ["n"]>
}
