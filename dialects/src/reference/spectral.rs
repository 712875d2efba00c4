//! Fourier transforms by their definition.

use std::f64::consts::TAU;

use super::copy::{strides, walk};
use super::number::{floats, from_floats};
use super::{EvalCall, Evaluated};
use crate::attrs::Attr;
use crate::infer::axis;

pub fn dft(call: &EvalCall) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    let inverse = call.attrs.bool("inverse")?;
    let length = match call.attrs.get("length") {
        Some(Attr::Int(n)) => usize::try_from(*n).map_err(|e| e.to_string())?,
        _ => operand.shape()[axis],
    };
    let (values, from) = (floats(operand), strides(operand.shape()));
    let parts = operand.shape()[operand.rank() - 1];
    let present = length.min(operand.shape()[axis]);
    let (turn, factor) = if inverse { (TAU, 1.0 / length as f64) } else { (-TAU, 1.0) };
    let mut out = Vec::with_capacity(shape.iter().product());
    walk(&shape, |p| {
        let last = p.len() - 1;
        let base: usize = (0..last).filter(|&i| i != axis).map(|i| p[i] * from[i]).sum();
        let sum: f64 = (0..present)
            .map(|j| {
                let at = base + j * from[axis];
                let (re, im) = (values[at], if parts == 2 { values[at + 1] } else { 0.0 });
                // The exponent is periodic, so the angle is reduced before it is rounded.
                let (sin, cos) = (turn * (p[axis] * j % length) as f64 / length as f64).sin_cos();
                if p[last] == 0 { re * cos - im * sin } else { re * sin + im * cos }
            })
            .sum();
        out.push(sum * factor);
    });
    Ok(vec![from_floats(operand.dtype(), &shape, out)?])
}

#[cfg(test)]
mod tests;
