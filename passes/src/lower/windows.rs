//! Images under sliding windows: padding, and how loops over windows and taps read them.

use hwc_dialects::window::Window;

use super::Emitter;
use super::product::dim;
use crate::codegen::ir::Val;

/// The image with `value` around its dimensions from `first` on: `(before, after)` for each of them.
pub fn padded<'c>(
    emit: &Emitter<'c>,
    image: Val<'c>,
    first: usize,
    pads: &[(usize, usize)],
    value: Val<'c>,
) -> Val<'c> {
    if pads.iter().all(|&p| p == (0, 0)) {
        return image;
    }
    let mut shape = emit.shape_of(image);
    let mut offsets = vec![0; shape.len()];
    for (i, &(before, after)) in pads.iter().enumerate() {
        shape[first + i] += before + after;
        offsets[first + i] = before;
    }
    emit.insert_slice(image, emit.filled(&shape, value), &offsets, &vec![1; shape.len()])
}

/// The image whose dimensions from `first` on are under windows, padded so that `outputs` windows fit, whatever they
/// would otherwise reach behind it.
pub fn under_windows<'c>(
    emit: &Emitter<'c>,
    image: Val<'c>,
    first: usize,
    windows: &[Window],
    outputs: &[usize],
    value: Val<'c>,
) -> Val<'c> {
    let shape = emit.shape_of(image);
    let pads: Vec<(usize, usize)> = (windows.iter().zip(&shape[first..]).zip(outputs))
        .map(|((window, &size), &outputs)| {
            let reached = if outputs == 0 { 0 } else { (outputs - 1) * window.stride + window.extent() };
            (window.before, reached.saturating_sub(window.before + size))
        })
        .collect();
    padded(emit, image, first, &pads, value)
}

/// Where window `d{output}` has tap `d{tap}` in an image that is padded.
pub fn at(window: &Window, output: usize, tap: usize) -> String {
    format!("{} * {} + {} * {}", dim(output), window.stride, dim(tap), window.dilation)
}
