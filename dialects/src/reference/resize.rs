//! Resampling: each axis is filtered on its own, by weights that depend on sizes and attributes only.

use super::copy::{copied, strides, walk};
use super::number::{floats, from_floats, from_integers};
use super::{EvalCall, Evaluated};
use crate::attrs::Attrs;
use crate::infer::Errors;
use crate::infer::resize::{Resampled, resampled};

/// Which elements of one axis make up each element of the resampled axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub axis: usize,
    /// Elements of the resampled axis.
    pub size: usize,
    /// Operand elements per result element, one at least.
    pub taps: usize,
    /// Their indices, `size * taps` of them, all on the axis.
    pub index: Vec<usize>,
    /// Their weights.
    pub weight: Vec<f64>,
    /// For each result element, whether it takes the extrapolation value instead.
    pub outside: Vec<bool>,
}

/// The filters of a resize whose attributes have been checked, for the axes on which it does not keep every element.
pub fn filters(attrs: &Attrs, shape: &[usize]) -> Result<Vec<Filter>, Errors> {
    let mut filters = Vec::new();
    for plan in resampled(attrs, shape)? {
        let filter = filter(attrs, &plan)?;
        let identity = filter.size == plan.from
            && !filter.outside.contains(&true)
            && (0..filter.size).all(|i| {
                let taps = i * filter.taps..(i + 1) * filter.taps;
                taps.into_iter().all(|t| filter.weight[t] == if filter.index[t] == i { 1.0 } else { 0.0 })
            });
        if !identity {
            filters.push(filter);
        }
    }
    Ok(filters)
}

fn filter(attrs: &Attrs, plan: &Resampled) -> Result<Filter, Errors> {
    let coordinates = attrs.str("coordinates")?;
    let kernel = Kernel::of(attrs, plan.scale)?;
    let (first, taps) = kernel.footprint();
    let exclude = attrs.bool("exclude_outside")?;
    let last = plan.from as i64 - 1;
    let mut filter =
        Filter { axis: plan.axis, size: plan.to, taps, index: vec![], weight: vec![], outside: vec![false; plan.to] };
    for i in 0..plan.to {
        let at = original(coordinates, plan, i as f64);
        filter.outside[i] = coordinates == "tf_crop_and_resize" && !(0.0..=last as f64).contains(&at);
        // The element left of the position, so that the ratio is in (0, 1].
        let left = at.ceil() - 1.0;
        let mut weights = kernel.weights(at - left);
        let places: Vec<i64> = (0..taps as i64).map(|t| left as i64 + first + t).collect();
        if exclude {
            for (weight, place) in weights.iter_mut().zip(&places) {
                if !(0..=last).contains(place) {
                    *weight = 0.0;
                }
            }
            let sum: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= sum);
        }
        filter.index.extend(places.iter().map(|&p| p.clamp(0, last) as usize));
        filter.weight.extend(weights);
    }
    Ok(filter.compact())
}

impl Filter {
    /// Merges taps that the clamp to the axis sent to one element, and drops taps that have no weight anywhere.
    fn compact(mut self) -> Filter {
        for row in 0..self.size {
            let taps = row * self.taps..(row + 1) * self.taps;
            for t in taps.clone().rev() {
                if let Some(same) = taps.clone().take_while(|&s| s < t).find(|&s| self.index[s] == self.index[t]) {
                    self.weight[same] += std::mem::take(&mut self.weight[t]);
                }
            }
        }
        let used: Vec<bool> =
            (0..self.taps).map(|t| (0..self.size).any(|row| self.weight[row * self.taps + t] != 0.0)).collect();
        if used.contains(&true) {
            let keep = |i: &usize| used[i % self.taps];
            let count = self.index.len();
            self.index = (0..count).filter(keep).map(|i| self.index[i]).collect();
            self.weight = (0..count).filter(keep).map(|i| self.weight[i]).collect();
            self.taps = used.iter().filter(|u| **u).count();
        }
        self
    }
}

/// Where in the operand element `x` of the result lies.
fn original(coordinates: &str, plan: &Resampled, x: f64) -> f64 {
    let (from, scale) = (plan.from as f64, plan.scale);
    let to = from * scale;
    let half_pixel = (x + 0.5) / scale - 0.5;
    match coordinates {
        "half_pixel_symmetric" => from / 2.0 * (1.0 - plan.to as f64 / to) + half_pixel,
        "pytorch_half_pixel" if to == 1.0 => 0.0,
        "align_corners" if to == 1.0 => 0.0,
        "align_corners" => x * (from - 1.0) / (to - 1.0),
        "asymmetric" => x / scale,
        "tf_crop_and_resize" => {
            let (start, end) = plan.roi;
            if to == 1.0 {
                (start + end) * (from - 1.0) / 2.0
            } else {
                start * (from - 1.0) + x * (end - start) * (from - 1.0) / (to - 1.0)
            }
        }
        _ => half_pixel,
    }
}

/// The weights of the elements around a position.
enum Kernel<'a> {
    Nearest(&'a str),
    /// Scale of the filter, 1 but where antialiasing widens it.
    Linear(f64),
    /// Scale of the filter and the coefficient `a`.
    Cubic(f64, f64),
}

impl<'a> Kernel<'a> {
    fn of(attrs: &'a Attrs, scale: f64) -> Result<Kernel<'a>, Errors> {
        let scale = if attrs.bool("antialias")? { scale.min(1.0) } else { 1.0 };
        Ok(match attrs.str("mode")? {
            "linear" => Kernel::Linear(scale),
            "cubic" => Kernel::Cubic(scale, attrs.float("cubic_a")?),
            _ => Kernel::Nearest(attrs.str("nearest")?),
        })
    }

    /// The first element with a weight, counted from the one left of the position, and how many there are.
    fn footprint(&self) -> (i64, usize) {
        let first = match self {
            Kernel::Nearest(_) => 0,
            Kernel::Linear(scale) => (-1.0 / scale).floor() as i64 + 1,
            Kernel::Cubic(scale, _) => (-2.0 / scale).floor() as i64 + 1,
        };
        (first, (2 - 2 * first) as usize)
    }

    /// The weights for a position `ratio` (in (0, 1]) right of the element left of it.
    fn weights(&self, ratio: f64) -> Vec<f64> {
        let (first, taps) = self.footprint();
        let places = (0..taps as i64).map(|t| (first + t) as f64);
        let weights: Vec<f64> = match *self {
            Kernel::Nearest(rounding) => {
                let right = match rounding {
                    _ if ratio == 1.0 => true,
                    "round_prefer_floor" => ratio > 0.5,
                    "round_prefer_ceil" => ratio >= 0.5,
                    "ceil" => true,
                    _ => false,
                };
                return if right { vec![0.0, 1.0] } else { vec![1.0, 0.0] };
            }
            Kernel::Linear(scale) => places.map(|p| (1.0 - ((p - ratio) * scale).abs()).max(0.0)).collect(),
            Kernel::Cubic(scale, a) => places.map(|p| cubic((p - ratio) * scale, a)).collect(),
        };
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / sum).collect()
    }
}

/// The cubic convolution kernel (Keys 1981, equation 4) at distance `x`.
pub fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    match x {
        _ if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        _ if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        _ => 0.0,
    }
}

pub fn resize(call: &EvalCall) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let filters = filters(call.attrs, operand.shape()).map_err(|e| e.to_string())?;
    let nearest = call.attrs.str("mode")? == "nearest";
    if nearest && filters.iter().all(|f| !f.outside.contains(&true)) {
        let from = strides(operand.shape());
        let source = |p: &[usize]| {
            let place = |i: usize| filters.iter().find(|f| f.axis == i).map_or(p[i], |f| chosen(f, p[i]));
            Some((0..p.len()).map(|i| place(i) * from[i]).sum())
        };
        return Ok(vec![copied(operand, &shape, source)?]);
    }
    let extrapolation = call.attrs.float("extrapolation")?;
    let (mut values, mut current) = (floats(operand), operand.shape().to_vec());
    for filter in &filters {
        let from = strides(&current);
        let mut next = current.clone();
        next[filter.axis] = filter.size;
        let mut out = Vec::with_capacity(next.iter().product());
        walk(&next, |p| {
            let row = p[filter.axis];
            let base: usize = (0..p.len()).filter(|&i| i != filter.axis).map(|i| p[i] * from[i]).sum();
            let taps = row * filter.taps..(row + 1) * filter.taps;
            out.push(if filter.outside[row] {
                extrapolation
            } else {
                taps.map(|t| filter.weight[t] * values[base + filter.index[t] * from[filter.axis]]).sum()
            });
        });
        (values, current) = (out, next);
    }
    let dtype = operand.dtype();
    Ok(vec![if dtype.is_float() {
        from_floats(dtype, &shape, values)?
    } else {
        let clamped = values.into_iter().map(|v| super::number::clamp(dtype, v.round_ties_even() as i128));
        from_integers(dtype, &shape, clamped)?
    }])
}

/// The one element that a filter of weights 0 and 1 takes.
pub fn chosen(filter: &Filter, row: usize) -> usize {
    let taps = row * filter.taps..(row + 1) * filter.taps;
    taps.into_iter().find(|&t| filter.weight[t] != 0.0).map_or(0, |t| filter.index[t])
}

#[cfg(test)]
mod tests;
