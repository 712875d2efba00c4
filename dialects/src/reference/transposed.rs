//! Operators that add windows into an image.

use hwc_runtime::Tensor;

use super::convolution::add_bias;
use super::index::positions;
use super::ring::{Ring, in_ring};
use super::{EvalCall, Evaluated};
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
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    in_ring!(input.dtype(), scatter(call, &shape))
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
