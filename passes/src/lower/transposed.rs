//! Operators that add windows into an image, from the image's side: each element sums what the windows over it add.
//!
//! Along one dimension, tap `k` of window `i` adds to element `o = i * stride + k * dilation` of the uncut image. For the
//! elements `o = q * stride + phase` of one phase the taps are `k = first + j * step` for `j` in `0..taps`, and the
//! windows `i = q - shift - j * advance`: an ordinary convolution without stride. There are as many phases as the
//! strides' product.

use hwc_dialects::image::{Axes, is_channels_last, permuted};
use hwc_dialects::window::Window;
use hwc_runtime::DType;
use melior::ir::Attribute;

use super::convolution::biased;
use super::product::{Factor, accumulate, dim, loops, rounded, zeros};
use super::windows::padded;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// The elements of one phase along one dimension.
#[derive(Clone, Copy, Debug)]
struct Phase {
    /// First element in the result, elements, and the distance between them.
    output: usize,
    outputs: usize,
    stride: usize,
    /// Last tap, taps, and the distance between them: they are visited backwards, so that windows go forwards.
    last: usize,
    taps: usize,
    step: usize,
    /// The window of the first element and the last tap, which may lie before the first window, and the distance of the
    /// windows of two taps.
    window: i64,
    advance: usize,
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl Phase {
    /// All phases along a dimension of a result of `size` elements that have elements and taps.
    fn all(window: &Window, size: usize) -> Vec<Phase> {
        (0..window.stride).filter_map(|phase| Phase::of(window, size, phase)).collect()
    }

    fn of(window: &Window, size: usize, phase: usize) -> Option<Phase> {
        let Window { kernel, stride, dilation, before, .. } = *window;
        let divisor = greatest_common_divisor(dilation, stride);
        let step = stride / divisor;
        let first = (0..step.min(kernel)).find(|k| (k * dilation) % stride == phase)?;
        let taps = (kernel - first).div_ceil(step);
        // The first element of the phase that is not cut off.
        let skipped = before.saturating_sub(phase).div_ceil(stride);
        let output = skipped * stride + phase - before;
        let outputs = size.checked_sub(output).filter(|n| *n > 0)?.div_ceil(stride);
        let advance = dilation / divisor;
        let shift = (first * dilation - phase) / stride;
        let window = skipped as i64 - shift as i64 - ((taps - 1) * advance) as i64;
        Some(Phase { output, outputs, stride, last: first + (taps - 1) * step, taps, step, window, advance })
    }

    /// How many windows before the first and after the last of `count` this reaches.
    fn reach(&self, count: usize) -> (usize, usize) {
        let last = self.window + (self.outputs - 1 + (self.taps - 1) * self.advance) as i64;
        ((-self.window).max(0) as usize, (last + 1 - count as i64).max(0) as usize)
    }

    fn output_at(&self, loop_: usize) -> String {
        format!("{} * {} + {}", dim(loop_), self.stride, self.output)
    }

    fn tap_at(&self, loop_: usize) -> String {
        format!("{} * -{} + {}", dim(loop_), self.step, self.last)
    }

    /// With `pad` windows inserted before the first.
    fn window_at(&self, output: usize, tap: usize, pad: usize) -> String {
        format!("{} + {} * {} + {}", dim(output), dim(tap), self.advance, self.window + pad as i64)
    }
}

/// Every combination of one phase a dimension.
fn combinations(phases: &[Vec<Phase>]) -> Vec<Vec<Phase>> {
    phases.iter().fold(vec![Vec::new()], |all, dimension| {
        all.iter().flat_map(|so_far| dimension.iter().map(move |&phase| [&so_far[..], &[phase]].concat())).collect()
    })
}

/// What is added, with windows inserted at the ends of its dimensions so that every phase stays inside.
struct Added<'c> {
    tensor: Val<'c>,
    before: Vec<usize>,
}

impl<'c> Added<'c> {
    /// `first` is the first dimension that counts windows.
    fn new(emit: &Emitter<'c>, dtype: DType, tensor: Val<'c>, first: usize, phases: &[Vec<Phase>]) -> Added<'c> {
        let shape = emit.shape_of(tensor);
        let pads: Vec<(usize, usize)> = (phases.iter().zip(&shape[first..]))
            .map(|(phases, &count)| {
                phases.iter().map(|p| p.reach(count)).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)))
            })
            .collect();
        let tensor = padded(emit, tensor, first, &pads, emit.zero(emit.storage(dtype)));
        Added { tensor, before: pads.into_iter().map(|p| p.0).collect() }
    }

    /// Expressions of the windows; loops over outputs begin at `output`, those over taps at `tap`.
    fn windows(&self, phases: &[Phase], output: usize, tap: usize) -> Vec<String> {
        let each = phases.iter().zip(&self.before).enumerate();
        each.map(|(i, (phase, &pad))| phase.window_at(output + i, tap + i, pad)).collect()
    }
}

/// Tensors that are not read and give the loops over outputs and taps their lengths.
fn extents<'c>(
    emit: &Emitter<'c>,
    phases: &[Phase],
    output: usize,
    tap: usize,
    dims: usize,
) -> Vec<(Val<'c>, Attribute<'c>)> {
    let extent =
        |length: usize, loop_: usize| (emit.empty(emit.integer_type(8), &[length]), emit.map(dims, &[dim(loop_)]));
    let outputs = phases.iter().enumerate().map(|(i, p)| extent(p.outputs, output + i));
    let taps = phases.iter().enumerate().map(|(i, p)| extent(p.taps, tap + i));
    outputs.chain(taps).collect()
}

fn phases(windows: &[Window], sizes: &[usize]) -> Vec<Vec<Phase>> {
    windows.iter().zip(sizes).map(|(window, &size)| Phase::all(window, size)).collect()
}

/// Loops: image, group, filter of the group, elements; then channel of the group, taps.
pub fn conv_transpose<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let (filter, result) = (call.shape(1)?, call.result_shape(0)?);
    let rank = result.len();
    // By channels first, as maps are written; `ordered` brings them into the order of axes in memory.
    let channels_last = is_channels_last(call.attrs);
    let (first, channel) = if channels_last { (1, rank - 1) } else { (2, 1) };
    let ordered = |exprs: Vec<String>| match channels_last {
        true => permuted(&exprs, &Axes::Image.to_last(rank)),
        false => exprs,
    };
    let filter_shape =
        if channels_last { permuted(&filter, &Axes::TransposedFilter.to_first(rank)) } else { filter.clone() };
    let windows = Window::with_kernel(call.attrs, &filter_shape[2..]).map_err(|e| e.to_string())?;
    let group = call.attrs.int("group")?.max(1) as usize;
    let (channels, filters) = (filter_shape[0] / group, filter_shape[1]);
    let phases = phases(&windows, &result[first..]);
    let mut sums = biased(emit, dtype, &result, channel, call.optional(2));
    if result.contains(&0) || emit.shape_of(call.operand(0)?).contains(&0) {
        return Ok(vec![rounded(emit, dtype, sums)]);
    }
    let image = Added::new(emit, dtype, call.operand(0)?, first, &phases);
    // Channels and filters of the group stand together.
    let own = [group, channels, filters];
    let shape = if channels_last { [&filter[..rank - 2], &own].concat() } else { [&own, &filter[2..]].concat() };
    let filter = emit.reshape(call.operand(1)?, &shape);

    let (parallel, spatial) = (3 + windows.len(), windows.len());
    let dims = parallel + 1 + spatial;
    let member = |within: usize, size: usize| {
        if group == 1 { dim(within) } else { format!("d1 * {size} + {}", dim(within)) }
    };
    for phases in combinations(&phases) {
        let taps = |i: usize| parallel + 1 + i;
        let image_exprs = [vec![dim(0), member(parallel, channels)], image.windows(&phases, 3, taps(0))].concat();
        let own = [dim(1), dim(parallel), dim(2)];
        let at_taps: Vec<String> = phases.iter().enumerate().map(|(i, p)| p.tap_at(taps(i))).collect();
        let filter_exprs = if channels_last { [&at_taps[..], &own] } else { [&own[..], &at_taps] }.concat();
        let mut result_exprs = vec![dim(0), member(2, filters)];
        result_exprs.extend(phases.iter().enumerate().map(|(i, p)| p.output_at(3 + i)));
        let factors = [
            Factor::new(image.tensor, dtype, emit.map(dims, &ordered(image_exprs))),
            Factor::new(filter, dtype, emit.map(dims, &filter_exprs)),
        ];
        let extents = extents(emit, &phases, 3, taps(0), dims);
        let out = (sums, emit.map(dims, &ordered(result_exprs)));
        sums = accumulate(emit, &factors, &extents, out, &loops(parallel, 1 + spatial));
    }
    Ok(vec![rounded(emit, dtype, sums)])
}

/// Loops: image, channel, elements; then taps.
pub fn col2im<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let (block, result) = (call.attrs.sizes("block_shape")?, call.result_shape(0)?);
    let windows = Window::with_kernel(call.attrs, &block).map_err(|e| e.to_string())?;
    let counts = windows.iter().zip(&result[2..]).map(|(w, &n)| w.outputs(n, false)).collect::<Result<Vec<_>, _>>()?;
    let mut sums = zeros(emit, dtype, &result);
    if result.contains(&0) || counts.contains(&0) {
        return Ok(vec![rounded(emit, dtype, sums)]);
    }
    let columns = emit.reshape(call.operand(0)?, &[&result[..2], &block, &counts].concat());
    let phases = phases(&windows, &result[2..]);
    let columns = Added::new(emit, dtype, columns, 2 + block.len(), &phases);
    let (parallel, spatial) = (result.len(), windows.len());
    let dims = parallel + spatial;
    let kinds: Vec<Loop> = loops(parallel, spatial);
    for phases in combinations(&phases) {
        let mut exprs = vec![dim(0), dim(1)];
        let mut result_exprs = exprs.clone();
        exprs.extend(phases.iter().enumerate().map(|(i, p)| p.tap_at(parallel + i)));
        exprs.extend(columns.windows(&phases, 2, parallel));
        result_exprs.extend(phases.iter().enumerate().map(|(i, p)| p.output_at(2 + i)));
        let factors = [Factor::new(columns.tensor, dtype, emit.map(dims, &exprs))];
        let extents = extents(emit, &phases, 2, parallel, dims);
        sums = accumulate(emit, &factors, &extents, (sums, emit.map(dims, &result_exprs)), &kinds);
    }
    Ok(vec![rounded(emit, dtype, sums)])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Attrs, Op, attrs};

    use super::*;
    use crate::lower::testing::{check, random};

    /// Every tap of every window is in exactly one phase, at the element it adds to.
    #[test]
    fn phases_cover_all_taps() {
        for (kernel, stride, dilation, before) in
            [(3, 1, 1, 0), (4, 2, 1, 1), (2, 3, 1, 0), (5, 2, 3, 2), (3, 4, 2, 5), (3, 2, 2, 1)]
        {
            let window = Window { kernel, stride, dilation, before, after: 0 };
            let (inputs, size) = (5, window.transposed_outputs(5, 0).unwrap());
            let mut seen = Vec::new();
            for phase in Phase::all(&window, size) {
                for t in 0..phase.outputs {
                    for j in 0..phase.taps {
                        let i = phase.window + (t + j * phase.advance) as i64;
                        if (0..inputs as i64).contains(&i) {
                            seen.push((i as usize, phase.last - j * phase.step, t * phase.stride + phase.output));
                        }
                    }
                }
            }
            seen.sort_unstable();
            let taps = (0..inputs).flat_map(|i| (0..kernel).map(move |k| (i, k)));
            let expected: Vec<_> = taps.filter_map(|(i, k)| Some((i, k, window.input(i, k, size)?))).collect();
            assert_eq!(seen, expected, "{window:?}");
        }
    }

    #[test]
    fn transposed_convolutions() {
        #[rustfmt::skip]
        let cases: Vec<(&[usize], &[usize], Attrs)> = vec![
            (&[1, 2, 5], &[2, 3, 3], attrs! {}),
            (&[2, 3, 4, 5], &[3, 2, 2, 2], attrs! { "strides" => vec![2i64, 2] }),
            (&[1, 2, 4, 20], &[2, 3, 4, 4], attrs! { "strides" => vec![2i64, 2], "pads" => vec![1i64, 1, 1, 1] }),
            (&[1, 4, 3, 3], &[4, 2, 3, 3], attrs! { "strides" => vec![3i64, 2], "output_padding" => vec![1i64, 1], "group" => 2i64 }),
            (&[1, 1, 3, 4], &[1, 2, 2, 3], attrs! { "dilations" => vec![2i64, 3], "pads" => vec![0i64, 2, 1, 0] }),
            (&[1, 1, 3, 4], &[1, 2, 2, 3], attrs! { "dilations" => vec![2i64, 3], "strides" => vec![4i64, 2] }),
            (&[1, 1, 2, 3, 2], &[1, 2, 2, 2, 3], attrs! { "strides" => vec![1i64, 2, 2] }),
            (&[1, 2, 3], &[2, 1, 1], attrs! { "strides" => vec![3i64] }),
            (&[0, 2, 3], &[2, 1, 2], attrs! {}),
        ];
        for (input, filter, attrs) in cases {
            for dtype in [DType::F32, DType::F16, DType::I32] {
                let (x, w) = (random(dtype, input, 1), random(dtype, filter, 2));
                let group = attrs.get("group").map_or(1, |_| 2);
                let bias = random(dtype, &[filter[1] * group], 3);
                check(Op::ConvTranspose, &attrs, &[Some(&x), Some(&w)], 1e-3);
                check(Op::ConvTranspose, &attrs, &[Some(&x), Some(&w), Some(&bias)], 1e-3);
            }
            let mut attrs = attrs;
            let group = attrs.get("group").map_or(1, |_| 2);
            attrs.set("channels_last", true);
            let (input, filter) = (
                permuted(input, &Axes::Image.to_last(input.len())),
                permuted(filter, &Axes::TransposedFilter.to_last(filter.len())),
            );
            let (x, w) = (random(DType::F32, &input, 1), random(DType::F32, &filter, 2));
            let bias = random(DType::F32, &[filter[filter.len() - 1] * group], 3);
            check(Op::ConvTranspose, &attrs, &[Some(&x), Some(&w), Some(&bias)], 1e-3);
        }
    }

    #[test]
    fn columns_become_images() {
        #[rustfmt::skip]
        let cases: Vec<(&[usize], Attrs)> = vec![
            (&[1, 5, 5], attrs! { "image_shape" => vec![5i64, 5], "block_shape" => vec![1i64, 5] }),
            (&[2, 8, 20], attrs! { "image_shape" => vec![5i64, 6], "block_shape" => vec![2i64, 2] }),
            (&[1, 4, 12], attrs! { "image_shape" => vec![6i64, 6], "block_shape" => vec![2i64, 2], "dilations" => vec![2i64, 3], "strides" => vec![1i64, 1] }),
            (&[1, 9, 4], attrs! { "image_shape" => vec![5i64, 5], "block_shape" => vec![3i64, 3], "strides" => vec![2i64, 2] }),
            (&[1, 4, 16], attrs! { "image_shape" => vec![5i64, 5], "block_shape" => vec![2i64, 2], "strides" => vec![2i64, 2], "pads" => vec![1i64, 2, 2, 1] }),
        ];
        for (operand, attrs) in cases {
            check(Op::Col2Im, &attrs, &[Some(&random(DType::F32, operand, 1))], 1e-5);
        }
    }
}
