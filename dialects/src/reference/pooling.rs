//! Reductions over sliding windows.

use hwc_runtime::{DType, Tensor};

use super::index::{flat, positions};
use super::number::{floats, from_floats, from_integers, integers, range};
use super::{EvalCall, Evaluated};
use crate::image::{self, Axes};
use crate::window::Window;

/// The flat index of each element under a window that is not padding, in order, for each element of the result.
fn windows(call: &EvalCall) -> Result<Vec<Vec<usize>>, String> {
    let (input, shape) = (call.operand(0)?.shape(), call.shape(0)?);
    let kernel = call.attrs.sizes("kernel")?;
    let windows = Window::with_kernel(call.attrs, &kernel).map_err(|e| e.to_string())?;
    let taps: Vec<Vec<usize>> = positions(&kernel).collect();
    let under = |position: Vec<usize>| {
        let at = |tap: &Vec<usize>| {
            windows.iter().enumerate().try_fold(flat(&position[..2], &input[..2]), |acc, (d, w)| {
                Some(acc * input[2 + d] + w.input(position[2 + d], tap[d], input[2 + d])?)
            })
        };
        taps.iter().filter_map(at).collect()
    };
    Ok(positions(&shape).map(under).collect())
}

/// The first largest element of each window, `None` where there is nothing but padding.
fn largest(input: &Tensor, windows: &[Vec<usize>]) -> Vec<Option<usize>> {
    fn first<T: Copy>(values: &[T], window: &[usize], above: impl Fn(T, T) -> bool) -> Option<usize> {
        window.iter().copied().reduce(|best, i| if above(values[i], values[best]) { i } else { best })
    }
    if input.dtype().is_float() {
        let values = floats(input);
        let above = |a: f64, b: f64| a > b || (a.is_nan() && !b.is_nan());
        windows.iter().map(|w| first(&values, w, above)).collect()
    } else {
        let values = integers(input);
        windows.iter().map(|w| first(&values, w, |a, b| a > b)).collect()
    }
}

/// The elements at these places, the lowest value of the type where there is none.
fn select(input: &Tensor, shape: &[usize], places: &[Option<usize>]) -> Result<Tensor, String> {
    let dtype = input.dtype();
    if dtype.is_float() {
        let values = floats(input);
        from_floats(dtype, shape, places.iter().map(|p| p.map_or(f64::NEG_INFINITY, |i| values[i])))
    } else {
        let values = integers(input);
        from_integers(dtype, shape, places.iter().map(|p| p.map_or(range(dtype).0, |i| values[i])))
    }
}

pub fn max_pool(call: &EvalCall) -> Evaluated {
    image::evaluate(call, &[Axes::Image], max_first)
}

fn max_first(call: &EvalCall) -> Evaluated {
    let input = call.operand(0)?;
    Ok(vec![select(input, &call.shape(0)?, &largest(input, &windows(call)?))?])
}

pub fn max_pool_with_indices(call: &EvalCall) -> Evaluated {
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    let places = largest(input, &windows(call)?);
    let column_major = call.attrs.bool("column_major")?;
    let spatial = &input.shape()[2..];
    let index = |place: &Option<usize>| {
        let Some(place) = *place else { return -1 };
        if !column_major {
            return place as i128;
        }
        let area: usize = spatial.iter().product();
        let (mut rest, mut position) = (place % area, vec![0; spatial.len()]);
        for (p, &n) in position.iter_mut().zip(spatial).rev() {
            *p = rest % n;
            rest /= n;
        }
        let within = position.iter().zip(spatial).rev().fold(0, |acc, (&p, &n)| acc * n + p);
        (place / area * area + within) as i128
    };
    Ok(vec![select(input, &shape, &places)?, from_integers(DType::I64, &shape, places.iter().map(index))?])
}

pub fn average_pool(call: &EvalCall) -> Evaluated {
    image::evaluate(call, &[Axes::Image], average_first)
}

fn average_first(call: &EvalCall) -> Evaluated {
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    let values = floats(input);
    let kernel = call.attrs.sizes("kernel")?;
    let dims = Window::with_kernel(call.attrs, &kernel).map_err(|e| e.to_string())?;
    let include_pad = call.attrs.bool("count_include_pad")?;
    let count = |position: &[usize], window: &[usize]| -> usize {
        if !include_pad {
            return window.len();
        }
        let within = |(d, w): (usize, &Window)| {
            let end = w.before + input.shape()[2 + d] + w.after;
            (0..w.kernel).filter(|tap| position[2 + d] * w.stride + tap * w.dilation < end).count()
        };
        dims.iter().enumerate().map(within).product()
    };
    let windows = windows(call)?;
    let means = positions(&shape)
        .zip(&windows)
        .map(|(position, window)| window.iter().map(|&i| values[i]).sum::<f64>() / count(&position, window) as f64);
    Ok(vec![from_floats(input.dtype(), &shape, means)?])
}

pub fn lp_pool(call: &EvalCall) -> Evaluated {
    image::evaluate(call, &[Axes::Image], lp_first)
}

fn lp_first(call: &EvalCall) -> Evaluated {
    let (input, shape) = (call.operand(0)?, call.shape(0)?);
    let values = floats(input);
    let p = call.attrs.int("p")? as f64;
    let norms =
        windows(call)?.into_iter().map(|w| w.iter().map(|&i| values[i].abs().powf(p)).sum::<f64>().powf(1.0 / p));
    Ok(vec![from_floats(input.dtype(), &shape, norms)?])
}

pub fn max_unpool(call: &EvalCall) -> Evaluated {
    let (input, indices, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let size = input.dtype().size();
    let mut bytes = vec![0u8; shape.iter().product::<usize>() * size];
    for (value, index) in input.bytes().chunks_exact(size).zip(integers(indices)) {
        let start = usize::try_from(index).ok().and_then(|i| i.checked_mul(size));
        let end = start.and_then(|s| s.checked_add(size));
        if let Some((start, end)) = start.zip(end)
            && let Some(place) = bytes.get_mut(start..end)
        {
            place.copy_from_slice(value);
        }
    }
    Ok(vec![Tensor::from_bytes(input.dtype(), shape, bytes).map_err(|e| e.to_string())?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn image() -> Tensor {
        Tensor::from_vec(vec![1, 1, 3, 3], vec![1f32, 9.0, 2.0, 3.0, 4.0, 8.0, 7.0, 5.0, 6.0]).unwrap()
    }

    #[test]
    fn maxima_and_their_places() {
        let attrs = attrs! { "kernel" => vec![2i64, 2] };
        let both = evaluate(Op::MaxPoolWithIndices, &attrs, &[Some(&image())]).unwrap();
        assert_eq!(floats(&both[0]), [9.0, 9.0, 7.0, 8.0]);
        assert_eq!(integers(&both[1]), [1, 1, 6, 5]);
        let attrs = attrs! { "kernel" => vec![2i64, 2], "column_major" => true };
        let both = evaluate(Op::MaxPoolWithIndices, &attrs, &[Some(&image())]).unwrap();
        assert_eq!(integers(&both[1]), [3, 3, 2, 7]);
    }

    #[test]
    fn a_window_may_end_behind_the_image() {
        let attrs = attrs! { "kernel" => vec![2i64, 2], "strides" => vec![2i64, 2], "ceil_mode" => true };
        let y = evaluate(Op::MaxPool, &attrs, &[Some(&image())]).unwrap();
        assert_eq!(floats(&y[0]), [9.0, 8.0, 7.0, 6.0]);
        let y = evaluate(Op::AveragePool, &attrs, &[Some(&image())]).unwrap();
        assert_eq!(floats(&y[0]), [4.25, 5.0, 6.0, 6.0]);
    }

    #[test]
    fn padding_counts_where_it_is_asked_for() {
        let x = Tensor::from_vec(vec![1, 1, 2], vec![2f32, 4.0]).unwrap();
        let mean = |include: bool, ceil: bool| {
            let attrs = attrs! {
                "kernel" => vec![2i64], "pads" => vec![1i64, 1], "strides" => vec![2i64],
                "count_include_pad" => include, "ceil_mode" => ceil,
            };
            floats(&evaluate(Op::AveragePool, &attrs, &[Some(&x)]).unwrap()[0])
        };
        assert_eq!(mean(false, false), [2.0, 4.0]);
        assert_eq!(mean(true, false), [1.0, 2.0]);
        let attrs = attrs! {
            "kernel" => vec![3i64], "pads" => vec![0i64, 1], "strides" => vec![2i64], "count_include_pad" => true,
            "ceil_mode" => true,
        };
        let x = Tensor::from_vec(vec![1, 1, 3], vec![3f32, 3.0, 3.0]).unwrap();
        // The second window reaches one behind the padding, which does not count.
        assert_eq!(floats(&evaluate(Op::AveragePool, &attrs, &[Some(&x)]).unwrap()[0]), [3.0, 1.5]);
    }

    #[test]
    fn norms() {
        let x = Tensor::from_vec(vec![1, 1, 3], vec![3f32, -4.0, 0.0]).unwrap();
        let norm = |p: i64| {
            let attrs = attrs! { "kernel" => vec![2i64], "p" => p };
            floats(&evaluate(Op::LpPool, &attrs, &[Some(&x)]).unwrap()[0])
        };
        assert_eq!(norm(1), [7.0, 4.0]);
        assert_eq!(norm(2), [5.0, 4.0]);
    }

    #[test]
    fn unpooling_puts_maxima_back() {
        let attrs = attrs! { "kernel" => vec![2i64, 2] };
        let both = evaluate(Op::MaxPoolWithIndices, &attrs, &[Some(&image())]).unwrap();
        let shape = attrs! { "shape" => vec![1i64, 1, 3, 3] };
        let back = evaluate(Op::MaxUnpool, &shape, &[Some(&both[0]), Some(&both[1])]).unwrap();
        assert_eq!(floats(&back[0]), [0.0, 9.0, 0.0, 0.0, 0.0, 8.0, 7.0, 0.0, 0.0]);
    }

    #[test]
    fn not_a_number_wins_and_padding_loses() {
        let x = Tensor::from_vec(vec![1, 1, 3], vec![f32::NAN, 1.0, f32::NEG_INFINITY]).unwrap();
        let attrs = attrs! { "kernel" => vec![2i64], "pads" => vec![0i64, 1] };
        let y = floats(&evaluate(Op::MaxPool, &attrs, &[Some(&x)]).unwrap()[0]);
        assert!(y[0].is_nan() && y[1..] == [1.0, f64::NEG_INFINITY]);
    }
}
