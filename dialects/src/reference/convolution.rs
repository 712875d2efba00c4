//! Convolutions.

use hwc_runtime::{DType, Tensor};

use super::index::{flat, positions};
use super::number::integers;
use super::ring::{Ring, in_ring, sums};
use super::{EvalCall, Evaluated};
use crate::window::Window;

pub fn conv(call: &EvalCall) -> Evaluated {
    fn convolve<T: Ring>(call: &EvalCall, shape: &[usize]) -> Evaluated {
        let (input, filter) = (call.operand(0)?, call.operand(1)?);
        let mut values = sums(&T::read(input), &T::read(filter), pairs(call, input, filter, shape)?.into_iter());
        add_bias(&mut values, call.optional(2), shape);
        Ok(vec![T::write(input.dtype(), shape, values)?])
    }
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    in_ring!(input.dtype(), convolve(call, &shape))
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
