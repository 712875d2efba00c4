//! What every model needs: constants, calls, views, copies, temporaries.

use super::*;

#[test]
fn matmul_with_a_constant_and_relu() {
    let model = Model::new(
        r#"
func.func private @kernel_0(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  %m = linalg.matmul ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) outs(%f : tensor<3x5xf32>) -> tensor<3x5xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%m : tensor<3x5xf32>) outs(%e : tensor<3x5xf32>) {
    ^bb0(%x: f32, %o: f32):
      %y = arith.maximumf %x, %zero : f32
      linalg.yield %y : f32
  } -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}
func.func @main(%x: tensor<3x4xf32>) -> (tensor<3x5xf32>) {
  %w = arith.constant dense_resource<w> : tensor<4x5xf32>
  %y = call @kernel_0(%x, %w) : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}
{-# dialect_resources: { builtin: { w: "0x040000000000803F0000004000004040000080400000A0400000C0400000E04000000041000010410000204100003041000040410000504100006041000070410000804100008841000090410000984100" } } #-}
"#
        .replace("984100\"", "98410000A041\"")
        .as_str(),
    );
    let x = noise(12, 1);
    let w: Vec<f32> = (1..=20).map(|i| i as f32).collect();
    let expected: Vec<f32> =
        (0..15).map(|i| (0..4).map(|k| x[i / 5 * 4 + k] * w[k * 5 + i % 5]).sum::<f32>().max(0.0)).collect();
    assert_close(&model.run_f32(&[&x], 15), &expected, 1e-6);
}

#[test]
fn inputs_constants_and_repeated_values_are_returned() {
    let model = Model::new(
        r#"
func.func private @twice(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %e = tensor.empty() : tensor<2x3xf32>
  %r = linalg.add ins(%a, %a : tensor<2x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
func.func @main(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %c = arith.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %y = call @twice(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %z = call @twice(%y) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %flat = tensor.collapse_shape %y [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  return %x, %flat, %c, %y, %z : tensor<2x3xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}"#,
    );
    let x = noise(6, 2);
    let results = model.run(&[bytes(&x)], &[24, 24, 8, 24, 24]);
    let scaled = |by: f32| x.iter().map(|v| v * by).collect::<Vec<_>>();
    assert_eq!(floats(&results[0]), x);
    assert_eq!(floats(&results[1]), scaled(2.0));
    assert_eq!(floats(&results[2]), [5.0, 6.0]);
    assert_eq!(floats(&results[3]), scaled(2.0));
    assert_eq!(floats(&results[4]), scaled(4.0));
}
