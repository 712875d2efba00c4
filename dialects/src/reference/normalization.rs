//! Normalizations.

use hwc_runtime::Tensor;

use super::index::{broadcast_flat, lines, positions};
use super::number::{floats, from_floats};
use super::{EvalCall, Evaluated};
use crate::infer::axis;

/// A function that maps the elements of each line along an axis.
pub fn row_wise(call: &EvalCall, f: fn(&[f64]) -> Vec<f64>) -> Evaluated {
    let operand = call.operand(0)?;
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let mut values = floats(operand);
    for line in lines(operand.shape(), at) {
        let row: Vec<f64> = line.iter().map(|&i| values[i]).collect();
        for (i, value) in line.into_iter().zip(f(&row)) {
            values[i] = value;
        }
    }
    result(operand, values)
}

pub fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

pub fn log_softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|x| (x - largest).exp()).sum();
    row.iter().map(|x| x - largest - sum.ln()).collect()
}

pub fn hardmax(row: &[f64]) -> Vec<f64> {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if *x > row[best] || (x.is_nan() && !row[best].is_nan()) {
            best = i;
        }
    }
    (0..row.len()).map(|i| if i == best { 1.0 } else { 0.0 }).collect()
}

pub fn layer(call: &EvalCall) -> Evaluated {
    let bias = call.optional(2);
    layer_by(call, bias, |block, epsilon| {
        let mean = mean(block);
        let variance = block.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / block.len() as f64;
        (mean, 1.0 / (variance + epsilon).sqrt())
    })
}

pub fn rms(call: &EvalCall) -> Evaluated {
    layer_by(call, None, |block, epsilon| {
        let square = block.iter().map(|x| x * x).sum::<f64>() / block.len() as f64;
        (0.0, 1.0 / (square + epsilon).sqrt())
    })
}

/// Subtracts and multiplies by what `statistics` finds in the elements from `axis` on, then scales and shifts.
fn layer_by(call: &EvalCall, bias: Option<&Tensor>, statistics: impl Fn(&[f64], f64) -> (f64, f64)) -> Evaluated {
    let (operand, scale) = (call.operand(0)?, call.operand(1)?);
    let epsilon = call.attrs.float("epsilon")?;
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let normalized = &operand.shape()[at..];
    let factors = floats(scale);
    let offsets = bias.map(floats);
    let mut values = floats(operand);
    for block in values.chunks_mut(normalized.iter().product::<usize>().max(1)) {
        let (mean, factor) = statistics(block, epsilon);
        for (x, position) in block.iter_mut().zip(positions(normalized)) {
            *x = (*x - mean) * factor * factors[broadcast_flat(&position, scale.shape())];
            if let (Some(bias), Some(offsets)) = (bias, &offsets) {
                *x += offsets[broadcast_flat(&position, bias.shape())];
            }
        }
    }
    result(operand, values)
}

pub fn batch(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| call.operand(i).map(floats));
    let (scale, bias, mean, variance) = (scale?, bias?, mean?, variance?);
    let epsilon = call.attrs.float("epsilon")?;
    let values = floats(operand).into_iter().zip(positions(operand.shape())).map(|(x, position)| {
        let c = position.get(1).copied().unwrap_or(0);
        (x - mean[c]) / (variance[c] + epsilon).sqrt() * scale[c] + bias[c]
    });
    result(operand, values.collect())
}

pub fn group(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let (scale, bias) = (floats(call.operand(1)?), floats(call.operand(2)?));
    let epsilon = call.attrs.float("epsilon")?;
    let groups = usize::try_from(call.attrs.int("groups")?).map_err(|e| e.to_string())?;
    let shape = operand.shape();
    let area: usize = shape[2..].iter().product();
    let channels = shape[1] / groups;
    let mut values = floats(operand);
    for (g, block) in values.chunks_mut((channels * area).max(1)).enumerate() {
        let mean = mean(block);
        let variance = block.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / block.len() as f64;
        for (i, x) in block.iter_mut().enumerate() {
            let c = g % groups * channels + i / area;
            *x = (*x - mean) / (variance + epsilon).sqrt() * scale[c] + bias[c];
        }
    }
    result(operand, values)
}

pub fn local_response(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let size = usize::try_from(call.attrs.int("size")?).map_err(|e| e.to_string())?;
    let [alpha, beta, bias] = ["alpha", "beta", "bias"].map(|name| call.attrs.float(name));
    let (alpha, beta, bias) = (alpha?, beta?, bias?);
    let mut values = floats(operand);
    for line in lines(operand.shape(), 1) {
        let row: Vec<f64> = line.iter().map(|&i| values[i]).collect();
        for (c, i) in line.into_iter().enumerate() {
            let (first, last) = (c.saturating_sub((size - 1) / 2), (c + size / 2).min(row.len() - 1));
            let squares: f64 = row[first..=last].iter().map(|x| x * x).sum();
            values[i] = row[c] / (bias + alpha / size as f64 * squares).powf(beta);
        }
    }
    result(operand, values)
}

fn mean(block: &[f64]) -> f64 {
    block.iter().sum::<f64>() / block.len() as f64
}

fn result(operand: &Tensor, values: Vec<f64>) -> Evaluated {
    Ok(vec![from_floats(operand.dtype(), operand.shape(), values)?])
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;
    use crate::{Attrs, Op, attrs};

    fn tensor(shape: &[usize], values: &[f64]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).unwrap()
    }

    fn eval(op: Op, attrs: Attrs, operands: &[&Tensor]) -> Vec<f64> {
        let operands: Vec<_> = operands.iter().map(|&t| Some(t)).collect();
        floats(&evaluate(op, &attrs, &operands).unwrap()[0])
    }

    fn close(got: &[f64], want: &[f64]) {
        assert!(
            got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9),
            "{got:?}, want {want:?}"
        );
    }

    #[test]
    fn softmax_is_shift_invariant_and_sums_to_one() {
        let (x, y) = (tensor(&[2, 2], &[0.0, 1.0, 2.0, 0.5]), tensor(&[2, 2], &[1e4, 1e4 + 1.0, 1e4 + 2.0, 1e4 + 0.5]));
        let got = eval(Op::Softmax, attrs! { "axis" => 0i64 }, &[&x]);
        close(&got, &eval(Op::Softmax, attrs! { "axis" => 0i64 }, &[&y]));
        close(&[got[0] + got[2], got[1] + got[3]], &[1.0, 1.0]);
        close(&[got[2] / got[0]], &[2f64.exp()]);
        let logs = eval(Op::LogSoftmax, attrs! { "axis" => 0i64 }, &[&y]);
        close(&logs.iter().map(|x| x.exp()).collect::<Vec<_>>(), &got);
        let hard = eval(Op::Hardmax, attrs! {}, &[&tensor(&[2, 3], &[1.0, 3.0, 3.0, 2.0, 1.0, 0.0])]);
        assert_eq!(hard, [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn layers_are_centred_and_scaled() {
        let x = tensor(&[2, 2], &[1.0, 3.0, -5.0, 5.0]);
        let (scale, bias) = (tensor(&[2], &[1.0, 2.0]), tensor(&[1], &[10.0]));
        let got = eval(Op::LayerNormalization, attrs! { "epsilon" => 0.0 }, &[&x, &scale, &bias]);
        close(&got, &[9.0, 12.0, 9.0, 12.0]);
        let got = eval(Op::RmsNormalization, attrs! { "epsilon" => 0.0, "axis" => 0i64 }, &[&x, &scale]);
        close(&got, &[1.0, 6.0, -5.0, 10.0].map(|v| v / 15f64.sqrt()));
    }

    #[test]
    fn statistics_of_a_batch_are_given() {
        let x = tensor(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let [s, b, m, v] = [[1.0, 2.0], [0.0, 1.0], [1.0, 3.0], [4.0, 16.0]].map(|p| tensor(&[2], &p));
        let got = eval(Op::BatchNormalization, attrs! { "epsilon" => 0.0 }, &[&x, &s, &b, &m, &v]);
        close(&got, &[0.0, 0.5, 1.0, 1.5]);
    }

    #[test]
    fn groups_are_normalized_apart() {
        let x = tensor(&[1, 4, 1], &[1.0, 3.0, 10.0, 20.0]);
        let (one, zero) = (tensor(&[4], &[1.0, 1.0, 1.0, 3.0]), tensor(&[4], &[0.0, 0.0, 0.0, 1.0]));
        let attrs = |g: i64| attrs! { "groups" => g, "epsilon" => 0.0 };
        close(&eval(Op::GroupNormalization, attrs(2), &[&x, &one, &zero]), &[-1.0, 1.0, -1.0, 4.0]);
    }

    #[test]
    fn neighbouring_channels_respond() {
        let x = tensor(&[1, 3, 1], &[1.0, 2.0, 3.0]);
        let attrs = attrs! { "size" => 2i64, "alpha" => 2.0, "beta" => 1.0, "bias" => 1.0 };
        // Of two channels the window covers the own one and the next.
        close(&eval(Op::LocalResponseNormalization, attrs, &[&x]), &[1.0 / 6.0, 2.0 / 14.0, 3.0 / 10.0]);
    }
}
