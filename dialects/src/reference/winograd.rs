//! Convolution by Winograd's algorithm, tile by tile.

use super::index::positions;
use super::number::{floats, from_floats};
use super::{EvalCall, Evaluated};
use crate::window::Window;
use crate::winograd::{OUTPUTS, TAPS, TILE, input_matrix, output_matrix};

type Tile = [[f64; TILE]; TILE];

pub fn conv(call: &EvalCall) -> Evaluated {
    let (input, filter, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (image, weights) = (floats(input), floats(filter));
    let bias = call.optional(2).map(floats);
    let windows = Window::with_kernel(call.attrs, &[TAPS, TAPS]).map_err(|e| e.to_string())?;
    let (size, channels, filters) = (&input.shape()[1..3], input.shape()[3], shape[3]);
    let (a, b) = (output_matrix(), input_matrix());
    let mut result = vec![0.0; shape.iter().product()];
    let tiles = [shape[0], shape[1].div_ceil(OUTPUTS), shape[2].div_ceil(OUTPUTS)];
    for at in positions(&tiles) {
        let pixel = |i: usize, j: usize, c: usize| {
            let y = windows[0].input(at[1] * OUTPUTS, i, size[0])?;
            let x = windows[1].input(at[2] * OUTPUTS, j, size[1])?;
            image.get(((at[0] * size[0] + y) * size[1] + x) * channels + c).copied()
        };
        let transformed: Vec<Tile> = (0..channels)
            .map(|c| sandwich(&b, &std::array::from_fn(|i| std::array::from_fn(|j| pixel(i, j, c).unwrap_or(0.0)))))
            .collect();
        for f in 0..filters {
            let mut sums: Tile = Default::default();
            for (c, tile) in transformed.iter().enumerate() {
                for (k, sum) in sums.iter_mut().flatten().enumerate() {
                    *sum += tile[k / TILE][k % TILE] * weights[(k * channels + c) * filters + f];
                }
            }
            for (k, value) in sandwich(&a, &sums).into_iter().flatten().enumerate() {
                let (y, x) = (at[1] * OUTPUTS + k / TILE, at[2] * OUTPUTS + k % TILE);
                if k % TILE < OUTPUTS && y < shape[1] && x < shape[2] {
                    result[((at[0] * shape[1] + y) * shape[2] + x) * filters + f] =
                        value + bias.as_ref().map_or(0.0, |bias| bias[f]);
                }
            }
        }
    }
    Ok(vec![from_floats(input.dtype(), &shape, result)?])
}

/// `M t M^T`; where `M` has fewer rows than a tile, the rest of each row is zero.
fn sandwich<const R: usize>(matrix: &[[f64; TILE]; R], tile: &Tile) -> [[f64; TILE]; R] {
    std::array::from_fn(|p| {
        std::array::from_fn(|q| {
            let term = |k: usize| {
                matrix[p][k / TILE] * matrix.get(q).map_or(0.0, |row| row[k % TILE]) * tile[k / TILE][k % TILE]
            };
            (0..TILE * TILE).map(term).sum()
        })
    })
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;
    use crate::winograd::transformed;

    #[test]
    fn it_is_a_convolution() {
        let numbers = |shape: &[usize], step: usize| {
            let count = shape.iter().product::<usize>();
            Tensor::from_vec(shape, (0..count).map(|i| (i * step % 17) as f32 - 8.0).collect()).unwrap()
        };
        for (image, pads) in [([1, 4, 4, 2], [1i64, 1, 1, 1]), ([2, 7, 10, 3], [0, 2, 1, 0]), ([1, 3, 5, 1], [0; 4])] {
            let (x, w) = (numbers(&image, 7), numbers(&[3, 3, image[3], 5], 5));
            let bias = numbers(&[5], 3);
            let mut attrs = attrs! { "pads" => pads.to_vec() };
            let filter = transformed(&w).unwrap();
            let got = evaluate(Op::WinogradConv, &attrs, &[Some(&x), Some(&filter), Some(&bias)]).unwrap();
            attrs.set("channels_last", true);
            let expected = evaluate(Op::Conv, &attrs, &[Some(&x), Some(&w), Some(&bias)]).unwrap();
            assert_eq!(got[0].shape(), expected[0].shape());
            for (got, expected) in floats(&got[0]).into_iter().zip(floats(&expected[0])) {
                assert!((got - expected).abs() < 1e-3, "{got} {expected}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_reported() {
        let ones = |shape: &[usize]| Tensor::from_vec(shape, vec![1f32; shape.iter().product()]).unwrap();
        let errors = evaluate(Op::WinogradConv, &attrs! {}, &[Some(&ones(&[1, 2, 2, 3])), Some(&ones(&[6, 5, 3, 4]))])
            .unwrap_err();
        assert_eq!(errors.0.len(), 3, "{errors}");
    }
}
