//! Sampling at positions that are data: every position is worked out where its element is.

use hwc_runtime::DType;
use melior::ir::ValueLike;

use super::movement::nothing;
use super::place::clamp;
use super::rows::plain;
use super::scalar::{load, store};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// Elements beyond which a position is not told apart from others.
const FAR: f64 = 1e9;
/// The coefficient of the cubic kernel, as in ONNX.
const CUBIC_A: f64 = -0.75;

/// One axis of the operand and what lies outside of it.
struct Axis<'a> {
    size: usize,
    padding: &'a str,
    align_corners: bool,
}

/// An element that is part of a sample.
struct Tap<'c> {
    place: Val<'c>,
    /// Whether it is on the axis, where that is not certain.
    inside: Option<Val<'c>>,
    /// `None` where it is one.
    weight: Option<Val<'c>>,
}

/// Arithmetic on values of one floating-point type.
struct Math<'e, 'c>(&'e Emitter<'c>);

impl<'c> Math<'_, 'c> {
    fn number(&self, like: Val<'c>, value: f64) -> Val<'c> {
        self.0.float(like.r#type(), value)
    }

    fn add(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        self.0.same("arith.addf", &[a, b])
    }

    fn sub(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        self.0.same("arith.subf", &[a, b])
    }

    fn mul(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        self.0.same("arith.mulf", &[a, b])
    }

    /// `x * scale + offset`
    fn linear(&self, x: Val<'c>, scale: f64, offset: f64) -> Val<'c> {
        self.add(self.mul(x, self.number(x, scale)), self.number(x, offset))
    }

    /// The number nearest to `x` between the two; NaN gives `low`.
    fn clamp(&self, x: Val<'c>, low: f64, high: f64) -> Val<'c> {
        let x = self.0.same("arith.maxnumf", &[x, self.number(x, low)]);
        self.0.same("arith.minnumf", &[x, self.number(x, high)])
    }

    fn at_most(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        self.0.compare_floats(Order::LessOrEqual, a, b)
    }

    /// A whole number near an axis as an index.
    fn index(&self, x: Val<'c>) -> Val<'c> {
        let whole = self.0.cast("arith.fptosi", x, self.0.integer_type(64));
        self.0.cast("arith.index_cast", whole, self.0.index_type())
    }
}

impl Axis<'_> {
    fn last(&self) -> f64 {
        self.size as f64 - 1.0
    }

    /// A coordinate of the grid in units of elements, brought to the axis where the padding mode says so.
    fn place<'c>(&self, m: &Math<'_, 'c>, coordinate: Val<'c>, nearest: bool) -> Val<'c> {
        let size = self.size as f64;
        let one = m.linear(coordinate, 1.0, 1.0);
        let at = if self.align_corners {
            m.mul(one, m.number(one, self.last() / 2.0))
        } else {
            m.linear(one, size / 2.0, -0.5)
        };
        let at = if nearest { m.0.same("math.roundeven", &[at]) } else { at };
        let at = m.clamp(at, -FAR, FAR);
        match self.padding {
            "border" => m.clamp(at, 0.0, self.last()),
            "reflection" => self.reflect(m, at),
            _ => at,
        }
    }

    fn reflect<'c>(&self, m: &Math<'_, 'c>, at: Val<'c>) -> Val<'c> {
        let (low, high) = if self.align_corners { (0.0, self.last()) } else { (-0.5, self.size as f64 - 0.5) };
        let span = high - low;
        if span == 0.0 {
            return m.number(at, low);
        }
        // What is left of the distance from `low` after whole turns there and back.
        let from_low = m.linear(at, 1.0, -low);
        let turns = m.0.same("math.floor", &[m.mul(from_low, m.number(at, 0.5 / span))]);
        let distance = m.sub(from_low, m.mul(turns, m.number(at, 2.0 * span)));
        let back = m.sub(m.number(at, 2.0 * span), distance);
        let near = m.at_most(distance, m.number(at, span));
        m.linear(m.0.select(near, distance, back), 1.0, low)
    }

    /// The element at a whole place.
    fn tap<'c>(&self, m: &Math<'_, 'c>, place: Val<'c>, weight: Option<Val<'c>>) -> Tap<'c> {
        let at = if self.padding == "reflection" { self.reflect(m, place) } else { place };
        let inside = (self.padding == "zeros").then(|| {
            let above = m.at_most(m.number(place, 0.0), place);
            let below = m.at_most(place, m.number(place, self.last()));
            m.0.same("arith.andi", &[above, below])
        });
        Tap { place: clamp(m.0, m.index(at), self.size), inside, weight }
    }

    /// The elements that make up the value at a coordinate.
    fn taps<'c>(&self, m: &Math<'_, 'c>, coordinate: Val<'c>, mode: &str) -> Vec<Tap<'c>> {
        let at = self.place(m, coordinate, mode == "nearest");
        if mode == "nearest" {
            return vec![self.tap(m, m.0.same("math.roundeven", &[at]), None)];
        }
        let left = m.0.same("math.floor", &[at]);
        let ratio = m.sub(at, left);
        if mode == "linear" {
            let other = m.sub(m.number(ratio, 1.0), ratio);
            return vec![self.tap(m, left, Some(other)), self.tap(m, m.linear(left, 1.0, 1.0), Some(ratio))];
        }
        (-1..3).map(f64::from).map(|i| self.tap(m, m.linear(left, 1.0, i), Some(cubic(m, ratio, i)))).collect()
    }
}

/// The weight of the element `i` right of the one left of the position, which is `ratio` right of that.
fn cubic<'c>(m: &Math<'_, 'c>, ratio: Val<'c>, i: f64) -> Val<'c> {
    let a = CUBIC_A;
    // Distance, and the coefficients of the polynomial in it by falling powers.
    let (x, [c3, c2, c1, c0]) = match i as i64 {
        -1 => (m.linear(ratio, 1.0, 1.0), [a, -5.0 * a, 8.0 * a, -4.0 * a]),
        0 => (ratio, [a + 2.0, -(a + 3.0), 0.0, 1.0]),
        1 => (m.linear(ratio, -1.0, 1.0), [a + 2.0, -(a + 3.0), 0.0, 1.0]),
        _ => (m.linear(ratio, -1.0, 2.0), [a, -5.0 * a, 8.0 * a, -4.0 * a]),
    };
    let sum = m.mul(m.linear(x, c3, c2), x);
    let sum = m.mul(m.linear(sum, 1.0, c1), x);
    m.linear(sum, 1.0, c0)
}

/// The weighted sum over all combinations of taps, first axis outermost.
fn sum<'c>(
    m: &Math<'_, 'c>,
    taps: &[Vec<Tap<'c>>],
    position: &mut Vec<Val<'c>>,
    inside: Option<Val<'c>>,
    element: &dyn Fn(&[Val<'c>]) -> Val<'c>,
) -> Val<'c> {
    let Some((first, rest)) = taps.split_first() else {
        let value = element(position);
        return inside.map_or(value, |inside| m.0.select(inside, value, m.number(value, 0.0)));
    };
    let mut total: Option<Val> = None;
    for tap in first {
        let inside = match (inside, tap.inside) {
            (Some(a), Some(b)) => Some(m.0.same("arith.andi", &[a, b])),
            (a, b) => a.or(b),
        };
        position.push(tap.place);
        let value = sum(m, rest, position, inside, element);
        position.pop();
        let part = tap.weight.map_or(value, |weight| m.mul(weight, value));
        total = Some(total.map_or(part, |total| m.add(total, part)));
    }
    total.unwrap_or_else(|| m.0.zero(m.0.compute(DType::F32)))
}

pub fn grid_sample<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, result) = (&call.emit, call.shape(0)?, call.result_shape(0)?);
    let (dtype, grid_type) = (call.dtype(0)?, call.dtype(1)?);
    plain(dtype)?;
    plain(grid_type)?;
    let (mode, padding, align_corners) =
        (call.attrs.str("mode")?, call.attrs.str("padding")?, call.attrs.bool("align_corners")?);
    let axes: Vec<Axis> = shape[2..].iter().map(|&size| Axis { size, padding, align_corners }).collect();
    let (r, operand, ty) = (axes.len(), call.operand(0)?, emit.compute(dtype));
    // Channels are innermost: they share the position.
    let dim = |i: usize| format!("d{i}");
    let channel = r + 1;
    let inputs: Vec<_> = (0..r)
        .map(|c| {
            let map: Vec<String> = (0..=r).map(dim).chain([c.to_string()]).collect();
            (call.operands[1].unwrap_or(operand), emit.map(r + 2, &map))
        })
        .collect();
    let to: Vec<String> = [dim(0), dim(channel)].into_iter().chain((1..=r).map(dim)).collect();
    let out = emit.empty(emit.storage(dtype), &result);
    let loops = vec![Loop::Parallel; r + 2];
    Ok(emit.generic(&inputs, &[(out, emit.map(r + 2, &to))], &loops, |e, v| {
        let m = Math(e);
        let taps: Vec<Vec<Tap>> = axes
            .iter()
            .enumerate()
            .map(|(i, axis)| {
                // The coordinate of the last axis comes first.
                let coordinate = load(e, grid_type, v[r - 1 - i]);
                let mut taps = axis.taps(&m, coordinate, mode);
                for weight in taps.iter_mut().filter_map(|tap| tap.weight.as_mut()) {
                    *weight = convert(e, *weight, ty);
                }
                taps
            })
            .collect();
        let element = |position: &[Val<'c>]| load(e, dtype, e.extract(operand, position));
        let mut position = vec![e.loop_index(0), e.loop_index(channel)];
        vec![store(e, dtype, sum(&m, &taps, &mut position, None, &element))]
    }))
}

/// A float in another floating-point type.
fn convert<'c>(e: &Emitter<'c>, x: Val<'c>, to: melior::ir::Type<'c>) -> Val<'c> {
    use crate::codegen::ir::bit_width;
    let name = if bit_width(x.r#type()) < bit_width(to) { "arith.extf" } else { "arith.truncf" };
    e.cast(name, x, to)
}

#[cfg(test)]
mod tests;
