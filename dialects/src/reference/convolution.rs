//! Convolutions.

use hwc_runtime::{DType, Tensor};

use super::index::{flat, positions};
use super::number::integers;
use super::ring::{Ring, in_ring, sums};
use super::{EvalCall, Evaluated};
use crate::image::{self, Axes};
use crate::window::Window;

pub fn conv(call: &EvalCall) -> Evaluated {
    fn convolve<T: Ring>(call: &EvalCall, shape: &[usize]) -> Evaluated {
        let (input, filter) = (call.operand(0)?, call.operand(1)?);
        let mut values = sums(&T::read(input), &T::read(filter), pairs(call, input, filter, shape)?.into_iter());
        add_bias(&mut values, call.optional(2), shape);
        Ok(vec![T::write(input.dtype(), shape, values)?])
    }
    image::evaluate(call, &[Axes::Image, Axes::Filter], |call| {
        let (input, shape) = (call.operand(0)?, call.shape(0)?);
        in_ring!(input.dtype(), convolve(call, &shape))
    })
}

pub fn conv_integer(call: &EvalCall) -> Evaluated {
    let (input, filter, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let zero = call.optional(2).and_then(|z| integers(z).first().copied()).unwrap_or(0);
    let a: Vec<i128> = integers(input).into_iter().map(|v| v - zero).collect();
    let zeros = call.optional(3).map_or(vec![0], integers);
    let per_filter: usize = filter.shape()[1..].iter().product();
    let b: Vec<i128> =
        integers(filter).into_iter().enumerate().map(|(i, v)| v - zeros[i / per_filter % zeros.len()]).collect();
    let values = sums(&a, &b, pairs(call, input, filter, &shape)?.into_iter());
    Ok(vec![i128::write(DType::I32, &shape, values)?])
}

/// Adds one value a channel to an image.
pub(super) fn add_bias<T: Ring>(values: &mut [T], bias: Option<&Tensor>, shape: &[usize]) {
    let Some(bias) = bias.map(T::read) else { return };
    let per_channel: usize = shape[2..].iter().product();
    for (i, value) in values.iter_mut().enumerate() {
        *value = value.plus(bias[i / per_channel % bias.len()]);
    }
}

/// For each element of a convolution, the flat indices of the pairs that are multiplied.
fn pairs(
    call: &EvalCall,
    input: &Tensor,
    filter: &Tensor,
    shape: &[usize],
) -> Result<Vec<Vec<(usize, usize)>>, String> {
    let windows = Window::with_kernel(call.attrs, &filter.shape()[2..]).map_err(|e| e.to_string())?;
    let group = call.attrs.int("group")? as usize;
    let (channels, per_group) = (filter.shape()[1], filter.shape()[0] / group);
    let taps: Vec<Vec<usize>> = positions(&filter.shape()[2..]).collect();
    let element = |position: Vec<usize>| {
        let mut pairs = Vec::new();
        let (n, filter_index) = (position[0], position[1]);
        let first = filter_index / per_group * channels;
        for (t, tap) in taps.iter().enumerate() {
            let at = (windows.iter().enumerate())
                .map(|(d, w)| w.input(position[2 + d], tap[d], input.shape()[2 + d]))
                .collect::<Option<Vec<usize>>>();
            let Some(at) = at else { continue };
            for c in 0..channels {
                let image = n * input.shape()[1] + first + c;
                let pixel = at.iter().zip(&input.shape()[2..]).fold(image, |acc, (&p, &n)| acc * n + p);
                pairs.push((pixel, flat(&[filter_index, c, t], &[filter.shape()[0], channels, taps.len()])));
            }
        }
        pairs
    };
    Ok(positions(shape).map(element).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;
    use crate::reference::number::floats;

    fn counted(shape: &[usize]) -> Tensor {
        Tensor::from_vec(shape, (0..shape.iter().product::<usize>()).map(|i| i as f32).collect()).unwrap()
    }

    fn ones(shape: &[usize]) -> Tensor {
        Tensor::from_vec(shape, vec![1f32; shape.iter().product()]).unwrap()
    }

    #[test]
    fn windows_slide_over_padded_images() {
        let attrs = attrs! { "pads" => vec![1i64, 0, 0, 1], "strides" => vec![2i64, 1] };
        let y = evaluate(Op::Conv, &attrs, &[Some(&counted(&[1, 1, 3, 3])), Some(&ones(&[1, 1, 2, 2]))]).unwrap();
        assert_eq!(y[0].shape(), [1, 1, 2, 3]);
        assert_eq!(floats(&y[0]), [1.0, 3.0, 2.0, 20.0, 24.0, 13.0]);
    }

    #[test]
    fn groups_and_bias() {
        let (x, w) = (counted(&[1, 2, 3]), ones(&[4, 1, 2]));
        let bias = Tensor::from_vec(vec![4], vec![0f32, 10.0, 20.0, 30.0]).unwrap();
        let y = evaluate(Op::Conv, &attrs! { "group" => 2i64 }, &[Some(&x), Some(&w), Some(&bias)]).unwrap();
        assert_eq!(floats(&y[0]), [1.0, 3.0, 11.0, 13.0, 27.0, 29.0, 37.0, 39.0]);
    }

    #[test]
    fn padding_holds_the_zero_point() {
        let x = Tensor::from_vec(vec![1, 1, 2], vec![7u8, 9]).unwrap();
        let w = Tensor::from_vec(vec![2, 1, 2], vec![1i8, 2, 3, 4]).unwrap();
        let zeros = Tensor::from_vec(vec![2], vec![0i8, 1]).unwrap();
        let y = evaluate(
            Op::ConvInteger,
            &attrs! { "pads" => vec![1i64, 0] },
            &[Some(&x), Some(&w), Some(&Tensor::scalar(5u8)), Some(&zeros)],
        );
        assert_eq!(y.unwrap()[0].to_vec::<i32>(), Ok(vec![4, 10, 6, 16]));
    }

    #[test]
    fn errors_are_all_reported() {
        let (x, w) = (counted(&[1, 3, 2, 2]), ones(&[4, 2, 5, 1]));
        let bias = ones(&[3]);
        let errors = evaluate(Op::Conv, &attrs! { "group" => 3i64 }, &[Some(&x), Some(&w), Some(&bias)]).unwrap_err();
        assert_eq!(errors.0.len(), 2, "{errors}");
        let errors = evaluate(Op::Conv, &attrs! {}, &[Some(&x), Some(&ones(&[4, 3, 5, 3]))]).unwrap_err();
        assert_eq!(errors.0.len(), 2, "{errors}");
    }
}
