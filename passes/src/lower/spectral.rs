//! Fourier transforms, by factors of the length: a transform of `p m` elements is `p` transforms of `m`, whose results
//! are turned by roots of unity, and `m` transforms of `p` across them (Cooley and Tukey). The forward transform splits
//! the signal (decimation in time); the inverse runs the same steps backwards (decimation in frequency).

use std::f64::consts::TAU;

use hwc_dialects::Attr;
use hwc_dialects::infer::axis;
use hwc_dialects::infer::movement::Stride;
use hwc_dialects::reference::number::from_floats;
use hwc_runtime::DType;
use melior::ir::ValueLike;

use super::movement::{mapped, nothing, strided};
use super::rows::{Read, each, plain, wide};
use super::runs::table;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// Factors up to this are written out, larger ones are sums.
const UNROLLED: usize = 8;

/// Complex numbers: real and imaginary parts of one shape.
type Complex<'c> = [Val<'c>; 2];

pub fn dft<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, result, dtype) = (&call.emit, call.shape(0)?, call.result_shape(0)?, call.dtype(0)?);
    plain(dtype)?;
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let inverse = call.attrs.bool("inverse")?;
    let length = match call.attrs.get("length") {
        Some(Attr::Int(n)) => usize::try_from(*n).map_err(|e| e.to_string())?,
        _ => shape[at],
    };
    let last = shape.len() - 1;
    let (outer, inner) = (shape[..at].iter().product::<usize>(), shape[at + 1..last].iter().product::<usize>());
    let signal = emit.reshape(call.operand(0)?, &[outer, shape[at], inner, shape[last]]);
    let transform = Transform { emit, dtype: wide(dtype), inverse };
    let parts = [0, 1].map(|p| transform.part(signal, dtype, length, p));
    let spectrum = transform.run(parts, &factors(length))?;

    let factor = if inverse { 1.0 / length as f64 } else { 1.0 };
    let rows = [outer, result[at], inner];
    let kept = rows.map(|count| Stride { start: 0, step: 1, count });
    let mut whole = emit.empty(emit.storage(dtype), &[outer, result[at], inner, 2]);
    for (p, &part) in spectrum.iter().enumerate() {
        let read = Read::new(strided(emit, part, &kept), transform.dtype, emit.identity(3));
        let scaled = each(emit, &[read], dtype, &rows, |e, v| {
            if inverse { e.same("arith.mulf", &[v[0], e.float(v[0].r#type(), factor)]) } else { v[0] }
        });
        let column = emit.reshape(scaled, &[outer, result[at], inner, 1]);
        whole = emit.insert_slice(column, whole, &[0, 0, 0, p], &[1; 4]);
    }
    Ok(vec![emit.reshape(whole, &result)])
}

/// Factors of a length, those of two first.
fn factors(length: usize) -> Vec<usize> {
    let (mut rest, mut factors) = (length, Vec::new());
    for p in [4].into_iter().chain(2..) {
        if p > 4 && p * p > rest {
            break;
        }
        while rest % p == 0 && rest > 1 {
            factors.push(p);
            rest /= p;
        }
    }
    if rest > 1 || factors.is_empty() {
        factors.push(rest);
    }
    factors
}

/// Transforms along the middle dimension of tensors of rank 3, of elements of the type `dtype`.
struct Transform<'e, 'c> {
    emit: &'e Emitter<'c>,
    dtype: DType,
    inverse: bool,
}

impl<'c> Transform<'_, 'c> {
    /// The real or imaginary part of a signal, cut or padded with zeros to `length`.
    fn part(&self, signal: Val<'c>, dtype: DType, length: usize, part: usize) -> Val<'c> {
        let (emit, shape) = (self.emit, self.emit.shape_of(signal));
        let present = length.min(shape[1]);
        let zero = emit.zero(emit.compute(self.dtype));
        let padded = [shape[0], length, shape[2]];
        if part >= shape[3] {
            return emit.filled(&padded, zero);
        }
        let rows = [shape[0], present, shape[2]];
        let cut = emit.slice(signal, &[0, 0, 0, part], &[rows[0], rows[1], rows[2], 1], &[1; 4]);
        let read = Read::new(emit.reshape(cut, &rows), dtype, emit.identity(3));
        let values = each(emit, &[read], self.dtype, &rows, |_, v| v[0]);
        if present == length {
            return values;
        }
        emit.insert_slice(values, emit.filled(&padded, zero), &[0; 3], &[1; 3])
    }

    fn run(&self, x: Complex<'c>, factors: &[usize]) -> Result<Complex<'c>, String> {
        let shape = self.emit.shape_of(x[0]);
        let (batch, length, inner) = (shape[0], shape[1], shape[2]);
        let p = factors[0];
        let m = length / p;
        let views = |x: Complex<'c>, shape: &[usize]| x.map(|part| self.emit.reshape(part, shape));
        let whole = [batch, length, inner];
        if m == 1 {
            return Ok(views(self.across(views(x, &[batch, p, 1, inner]))?, &whole));
        }
        let (grid, rows) = ([batch, p, m, inner], [batch * p, m, inner]);
        if self.inverse {
            let sums = self.across(views(x, &grid))?;
            let turned = self.turn(sums)?;
            let each = views(self.run(views(turned, &rows), &factors[1..])?, &grid);
            return Ok(views(self.swapped(each), &whole));
        }
        let split = self.swapped(views(x, &[batch, m, p, inner]));
        let each = self.run(views(split, &rows), &factors[1..])?;
        Ok(views(self.across(self.turn(views(each, &grid))?)?, &whole))
    }

    /// The two middle dimensions in the other order.
    fn swapped(&self, x: Complex<'c>) -> Complex<'c> {
        x.map(|part| {
            let shape = self.emit.shape_of(part);
            mapped(self.emit, part, &[shape[0], shape[2], shape[1], shape[3]], &["d0", "d2", "d1", "d3"])
        })
    }

    /// The root of unity of order `n` to the power `k`.
    fn root(&self, k: usize, n: usize) -> (f64, f64) {
        let k = k % n;
        let (cos, sin) = match 4 * k {
            0 => (1.0, 0.0),
            quarter if quarter == n => (0.0, 1.0),
            half if half == 2 * n => (-1.0, 0.0),
            quarters if quarters == 3 * n => (0.0, -1.0),
            _ => {
                let (sin, cos) = (TAU * k as f64 / n as f64).sin_cos();
                (cos, sin)
            }
        };
        (cos, if self.inverse { sin } else { -sin })
    }

    /// Tables of the real and imaginary parts of roots of order `n`.
    fn roots(&self, shape: &[usize], n: usize, powers: impl Iterator<Item = usize>) -> Result<Complex<'c>, String> {
        let (re, im): (Vec<f64>, Vec<f64>) = powers.map(|k| self.root(k, n)).unzip();
        let of = |values: Vec<f64>| table(self.emit, &from_floats(self.dtype, shape, values)?);
        Ok([of(re)?, of(im)?])
    }

    /// Element `[b, r, k, i]` times the root of order `p m` to the power `r k`.
    fn turn(&self, x: Complex<'c>) -> Result<Complex<'c>, String> {
        let (emit, shape) = (self.emit, self.emit.shape_of(x[0]));
        let (p, m) = (shape[1], shape[2]);
        let roots = self.roots(&[p, m], p * m, (0..p * m).map(|i| i / m * (i % m)))?;
        let (all, table) = (emit.identity(4), emit.map(4, &["d1", "d2"]));
        let inputs = [(x[0], all), (x[1], all), (roots[0], table), (roots[1], table)];
        let out = self.empty(&shape);
        Ok(pair(emit.generic(&inputs, &[(out[0], all), (out[1], all)], &[Loop::Parallel; 4], |e, v| {
            product(e, [v[0], v[1]], [v[2], v[3]]).to_vec()
        })))
    }

    fn empty(&self, shape: &[usize]) -> Complex<'c> {
        [0, 1].map(|_| self.emit.empty(self.emit.storage(self.dtype), shape))
    }

    /// The transform along dimension 1 of 4 by its definition.
    fn across(&self, x: Complex<'c>) -> Result<Complex<'c>, String> {
        let (emit, shape) = (self.emit, self.emit.shape_of(x[0]));
        let p = shape[1];
        if p == 1 {
            return Ok(x);
        }
        if p > UNROLLED {
            return self.summed(x);
        }
        let roots = self.roots(&[p, p], p, (0..p * p).map(|i| i / p * (i % p)))?;
        let mut inputs = Vec::with_capacity(4 * p);
        for r in 0..p {
            let data = emit.map(4, &["d0".to_string(), r.to_string(), "d2".into(), "d3".into()]);
            let root = emit.map(4, &["d1".to_string(), r.to_string()]);
            inputs.extend([(x[0], data), (x[1], data), (roots[0], root), (roots[1], root)]);
        }
        let (out, all) = (self.empty(&shape), emit.identity(4));
        Ok(pair(emit.generic(&inputs, &[(out[0], all), (out[1], all)], &[Loop::Parallel; 4], |e, v| {
            let mut sum = [v[0], v[1]];
            for part in v[4..4 * p].chunks_exact(4) {
                let turned = product(e, [part[0], part[1]], [part[2], part[3]]);
                sum = [0, 1].map(|i| e.same("arith.addf", &[sum[i], turned[i]]));
            }
            sum.to_vec()
        })))
    }

    /// The same for many elements: a reduction that looks the roots up.
    fn summed(&self, x: Complex<'c>) -> Result<Complex<'c>, String> {
        let (emit, shape) = (self.emit, self.emit.shape_of(x[0]));
        let p = shape[1];
        let roots = self.roots(&[p], p, 0..p)?;
        let zero = emit.zero(emit.compute(self.dtype));
        let out = [emit.filled(&shape, zero), emit.filled(&shape, zero)];
        let from = emit.map(5, &["d0", "d2", "d3", "d4"]);
        let to = emit.map(5, &["d0", "d1", "d3", "d4"]);
        let loops = [Loop::Parallel, Loop::Parallel, Loop::Reduction, Loop::Parallel, Loop::Parallel];
        Ok(pair(emit.generic(&[(x[0], from), (x[1], from)], &[(out[0], to), (out[1], to)], &loops, |e, v| {
            let power = e.same("arith.muli", &[e.loop_index(1), e.loop_index(2)]);
            let power = e.same("arith.remui", &[power, e.index(p as i64)]);
            let turned = product(e, [v[0], v[1]], roots.map(|table| e.extract(table, &[power])));
            (0..2).map(|i| e.same("arith.addf", &[v[2 + i], turned[i]])).collect()
        })))
    }
}

/// Two results as the parts of complex numbers.
fn pair(results: Vec<Val>) -> Complex {
    [results[0], results[1]]
}

/// The product of two complex numbers.
fn product<'c>(e: &Emitter<'c>, a: Complex<'c>, b: Complex<'c>) -> Complex<'c> {
    let mul = |a, b| e.same("arith.mulf", &[a, b]);
    let re = e.same("arith.subf", &[mul(a[0], b[0]), mul(a[1], b[1])]);
    [re, e.same("arith.addf", &[mul(a[0], b[1]), mul(a[1], b[0])])]
}

#[cfg(test)]
mod tests;
