//! Operators that add windows into an image.

use hwc_runtime::Tensor;

use super::convolution::add_bias;
use super::index::positions;
use super::ring::{Ring, in_ring};
use super::{EvalCall, Evaluated};
use crate::image::{self, Axes};
use crate::window::Window;

pub fn conv_transpose(call: &EvalCall) -> Evaluated {
    fn scatter<T: Ring>(call: &EvalCall, shape: &[usize]) -> Evaluated {
        let (input, filter) = (call.operand(0)?, call.operand(1)?);
        let windows = Window::with_kernel(call.attrs, &filter.shape()[2..]).map_err(|e| e.to_string())?;
        let group = call.attrs.int("group")? as usize;
        let (values, weights) = (T::read(input), T::read(filter));
        let mut result = vec![T::ZERO; shape.iter().product()];
        let per_group = input.shape()[1] / group;
        for (i, position) in positions(input.shape()).enumerate() {
            let (n, c) = (position[0], position[1]);
            // Position in the filter without its input channel: output channel of the group, and taps.
            for (w, tap) in positions(&filter.shape()[1..]).enumerate() {
                let channel = c / per_group * filter.shape()[1] + tap[0];
                let weight = weights[c * filter.shape()[1..].iter().product::<usize>() + w];
                if let Some(pixel) = pixel(&windows, &position[2..], &tap[1..], &shape[2..]) {
                    let at = (n * shape[1] + channel) * shape[2..].iter().product::<usize>() + pixel;
                    result[at] = result[at].plus(values[i].times(weight));
                }
            }
        }
        add_bias(&mut result, call.optional(2), shape);
        Ok(vec![T::write(input.dtype(), shape, result)?])
    }
    image::evaluate(call, &[Axes::Image, Axes::TransposedFilter], |call| {
        let (input, shape) = (call.operand(0)?, call.shape(0)?);
        in_ring!(input.dtype(), scatter(call, &shape))
    })
}

/// Flat index of the pixel under a tap of a window, `None` where that is padding.
fn pixel(windows: &[Window], window: &[usize], tap: &[usize], image: &[usize]) -> Option<usize> {
    windows.iter().enumerate().try_fold(0, |acc, (d, w)| Some(acc * image[d] + w.input(window[d], tap[d], image[d])?))
}

pub fn col2im(call: &EvalCall) -> Evaluated {
    fn add<T: Ring>(call: &EvalCall, operand: &Tensor, shape: &[usize]) -> Evaluated {
        let block = call.attrs.sizes("block_shape")?;
        let windows = Window::with_kernel(call.attrs, &block).map_err(|e| e.to_string())?;
        let counts =
            (windows.iter().zip(&shape[2..])).map(|(w, &n)| w.outputs(n, false)).collect::<Result<Vec<_>, _>>()?;
        let values = T::read(operand);
        let mut result = vec![T::ZERO; shape.iter().product()];
        let (taps, columns): (usize, usize) = (block.iter().product(), operand.shape()[2]);
        for image in 0..shape[0] * shape[1] {
            for (t, tap) in positions(&block).enumerate() {
                for (l, window) in positions(&counts).enumerate() {
                    if let Some(pixel) = pixel(&windows, &window, &tap, &shape[2..]) {
                        let at = image * shape[2..].iter().product::<usize>() + pixel;
                        result[at] = result[at].plus(values[(image * taps + t) * columns + l]);
                    }
                }
            }
        }
        Ok(vec![T::write(operand.dtype(), shape, result)?])
    }
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    in_ring!(operand.dtype(), add(call, operand, &shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;
    use crate::reference::number::integers;

    fn numbers(shape: &[usize], step: i64) -> Tensor {
        let count = shape.iter().product::<usize>() as i64;
        Tensor::from_vec(shape, (0..count).map(|i| i * step % 17 - 8).collect()).unwrap()
    }

    fn inner(a: &Tensor, b: &Tensor) -> i128 {
        assert_eq!(a.shape(), b.shape());
        integers(a).iter().zip(integers(b)).map(|(a, b)| a * b).sum()
    }

    /// `<conv(x, w), y> = <x, conv_transpose(y, w)>`
    #[test]
    fn it_is_the_transpose_of_a_convolution() {
        for (spatial, kernel, attrs) in [
            (&[7][..], &[3][..], attrs! {}),
            (&[6, 5], &[2, 3], attrs! { "strides" => vec![2i64, 1], "pads" => vec![1i64, 0, 1, 2] }),
            (&[7, 7], &[2, 2], attrs! { "dilations" => vec![2i64, 3], "group" => 2i64 }),
        ] {
            let group = if attrs.get("group").is_some() { 2 } else { 1 };
            let x = numbers(&[&[2, 4], spatial].concat(), 7);
            let w = numbers(&[&[6, 4 / group], kernel].concat(), 5);
            let convolved = evaluate(Op::Conv, &attrs, &[Some(&x), Some(&w)]).unwrap();
            let y = numbers(convolved[0].shape(), 3);
            // What the last window does not reach is appended.
            let mut back = attrs.clone();
            let plain = evaluate(Op::ConvTranspose, &attrs, &[Some(&y), Some(&w)]).unwrap();
            let missing = spatial.iter().zip(&plain[0].shape()[2..]).map(|(a, b)| (a - b) as i64).collect::<Vec<_>>();
            back.set("output_padding", missing);
            let transposed = evaluate(Op::ConvTranspose, &back, &[Some(&y), Some(&w)]).unwrap();
            assert_eq!(inner(&convolved[0], &y), inner(&x, &transposed[0]));
        }
    }

    #[test]
    fn columns_overlap() {
        let columns = Tensor::from_vec(vec![1, 2, 3], vec![1f32, 2.0, 3.0, 10.0, 20.0, 30.0]).unwrap();
        let attrs = attrs! { "image_shape" => vec![4i64], "block_shape" => vec![2i64] };
        let image = evaluate(Op::Col2Im, &attrs, &[Some(&columns)]).unwrap();
        assert_eq!(image[0].to_vec::<f32>(), Ok(vec![1.0, 12.0, 23.0, 30.0]));
        let attrs = attrs! { "image_shape" => vec![5i64], "block_shape" => vec![2i64] };
        assert!(evaluate(Op::Col2Im, &attrs, &[Some(&columns)]).is_err());
    }
}
