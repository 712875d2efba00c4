//! Sampling at positions that are data.

use super::copy::{strides, walk};
use super::number::{floats, from_floats};
use super::resize::cubic;
use super::{EvalCall, Evaluated};

/// The coefficient of the cubic kernel, as in ONNX.
const CUBIC_A: f64 = -0.75;

/// One axis of the operand and what lies outside of it.
struct Axis<'a> {
    size: usize,
    padding: &'a str,
    align_corners: bool,
}

impl Axis<'_> {
    /// A coordinate of the grid in units of elements, brought to the axis where the padding mode says so.
    fn place(&self, coordinate: f64, nearest: bool) -> f64 {
        let size = self.size as f64;
        let at = if self.align_corners {
            (coordinate + 1.0) / 2.0 * (size - 1.0)
        } else {
            ((coordinate + 1.0) * size - 1.0) / 2.0
        };
        let at = if nearest { at.round_ties_even() } else { at };
        // Far outside, where the float no longer counts in elements, is everywhere alike.
        let at = if at.is_nan() { -FAR } else { at.clamp(-FAR, FAR) };
        match self.padding {
            "border" => at.clamp(0.0, size - 1.0),
            "reflection" => self.reflect(at),
            _ => at,
        }
    }

    fn reflect(&self, at: f64) -> f64 {
        let (low, high) =
            if self.align_corners { (0.0, self.size as f64 - 1.0) } else { (-0.5, self.size as f64 - 0.5) };
        let span = high - low;
        if span == 0.0 {
            return low;
        }
        let distance = (at - low).rem_euclid(2.0 * span);
        low + if distance <= span { distance } else { 2.0 * span - distance }
    }

    /// The element at a whole place; `None` where it is zero.
    fn element(&self, place: f64) -> Option<usize> {
        let last = self.size as f64 - 1.0;
        match self.padding {
            "border" => Some(place.clamp(0.0, last) as usize),
            // A place half an element outside reflects to half an element inside, which is the outermost element.
            "reflection" => Some(self.reflect(place).clamp(0.0, last) as usize),
            _ => (0.0..=last).contains(&place).then_some(place as usize),
        }
    }

    /// The elements that make up the value at a coordinate, with their weights.
    fn taps(&self, coordinate: f64, mode: &str) -> Vec<(Option<usize>, f64)> {
        let at = self.place(coordinate, mode == "nearest");
        let left = at.floor();
        let ratio = at - left;
        match mode {
            "nearest" => vec![(self.element(at.round_ties_even()), 1.0)],
            "linear" => vec![(self.element(left), 1.0 - ratio), (self.element(left + 1.0), ratio)],
            _ => (-1..3).map(f64::from).map(|i| (self.element(left + i), cubic(i - ratio, CUBIC_A))).collect(),
        }
    }
}

/// Elements beyond which a position is not told apart from others.
const FAR: f64 = 1e9;

pub fn grid_sample(call: &EvalCall) -> Evaluated {
    let (operand, grid, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (mode, padding, align_corners) =
        (call.attrs.str("mode")?, call.attrs.str("padding")?, call.attrs.bool("align_corners")?);
    let axes: Vec<Axis> = operand.shape()[2..].iter().map(|&size| Axis { size, padding, align_corners }).collect();
    let (values, from) = (floats(operand), strides(operand.shape()));
    let (positions, of_grid) = (floats(grid), strides(grid.shape()));
    let mut out = Vec::with_capacity(shape.iter().product());
    walk(&shape, |p| {
        let position = p[0] * of_grid[0] + (2..p.len()).map(|i| p[i] * of_grid[i - 1]).sum::<usize>();
        let taps: Vec<_> = axes
            .iter()
            .enumerate()
            .map(|(i, axis)| axis.taps(positions[position + axes.len() - 1 - i], mode))
            .collect();
        let base = p[0] * from[0] + p[1] * from[1];
        out.push(sum(&taps, &from[2..], base, &values));
    });
    Ok(vec![from_floats(operand.dtype(), &shape, out)?])
}

/// The weighted sum over all combinations of taps, first axis outermost.
fn sum(taps: &[Vec<(Option<usize>, f64)>], strides: &[usize], base: usize, values: &[f64]) -> f64 {
    let Some((first, rest)) = taps.split_first() else {
        return values[base];
    };
    let part = |&(place, weight): &(Option<usize>, f64)| match place {
        Some(place) => weight * sum(rest, &strides[1..], base + place * strides[0], values),
        None => 0.0,
    };
    first.iter().map(part).sum()
}

#[cfg(test)]
mod tests;
