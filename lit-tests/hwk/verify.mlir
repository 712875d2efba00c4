// What is wrong with kernels and launches.
// RUN: hwc-opt %s --split-input-file --verify-diagnostics

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{launches @none, which is no hwk.kernel of this module}}
  %0 = hwk.launch @none(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) {
  hwk.yield %x : tensor<2xf32>
}
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{launches @k as '(tensor<3xf32>) -> tensor<3xf32>', which is a '(tensor<2xf32>) -> tensor<2xf32>'}}
  %0 = hwk.launch @k(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{launches @main, which is no hwk.kernel of this module}}
  %0 = hwk.launch @main(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// expected-error @+1 {{yields values whose types are not those of its results}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<3xf32>) {
  hwk.yield %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{takes or gives a f32; a kernel works on ranked tensors}}
hwk.kernel @k(%x: f32) -> () {
  hwk.yield
}

// -----

// expected-error @+2 {{holds arith.addf; the body of a kernel is operations of `hwc` and hwk.yield at the end}}
// expected-error @+1 {{has a schedule but no space}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) schedule(#hwk.schedule<loops>) {
  %0 = arith.addf %x, %x : tensor<2xf32>
  hwk.yield %0 : tensor<2xf32>
}

// -----

// expected-error @+1 {{does not end in hwk.yield}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) {
  %0 = hwc.relu %x : (tensor<2xf32>) -> tensor<2xf32>
}

// -----

// expected-error @+1 {{has a schedule but a space without dimensions}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) space(#hwk.space<elementwise>) schedule(#hwk.schedule<loops>) {
  hwk.yield %x : tensor<2xf32>
}

// -----

// expected-error @+2 {{has the space #hwk.schedule<loops>, which is no space}}
// expected-error @+1 {{has the target #hwk.space<softmax>, which is no target}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) space(#hwk.schedule<loops>) target(#hwk.space<softmax>) {
  hwk.yield %x : tensor<2xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expects parent op 'hwk.kernel'}}
  hwk.yield %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{`cube` is no class of kernels; there are contraction, batched_contraction, convolution, depthwise, reduction, normalization, softmax, elementwise, transposition, gather}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) space(#hwk.space<cube>) {
  hwk.yield %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{there is no attribute #hwk.gpu; there are #hwk.space, #hwk.schedule and #hwk.cpu}}
hwk.kernel @k(%x: tensor<2xf32>) -> (tensor<2xf32>) target(#hwk.gpu<x>) {
  hwk.yield %x : tensor<2xf32>
}
