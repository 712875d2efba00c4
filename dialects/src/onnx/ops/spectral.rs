//! Fourier transforms, and the windows and filters that go with them.

use std::f64::consts::TAU;

use hwc_runtime::DType;

use super::selection::indices;
use super::{Row, row};
use crate::attrs;
use crate::infer::axis;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;
use crate::reference::number::from_floats;

pub const OPS: &[Row] = &[
    row("BlackmanWindow", 17, |call| window(call, |turn| 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())),
    row("DFT", 17, dft),
    row("HammingWindow", 17, |call| window(call, |turn| 25.0 / 46.0 - 21.0 / 46.0 * turn.cos())),
    row("HannWindow", 17, |call| window(call, |turn| 0.5 - 0.5 * turn.cos())),
    row("MelWeightMatrix", 17, mel_weight_matrix),
    row("STFT", 17, stft),
];

/// Elements of a window or matrix that is worked out here.
const MAX_ELEMENTS: usize = 1 << 24;

/// A function of the part of a full turn at which an element stands.
fn window(call: &mut Call, f: fn(f64) -> f64) -> Outputs {
    let Some(size) = call.optional_int(0, "size")? else { return invalid("input 0 is missing") };
    let dtype = call.dtype("output_datatype")?.unwrap_or(DType::F32);
    let count = usize::try_from(size).map_err(|_| Failure::Invalid(format!("the size {size} is negative")))?;
    if count > MAX_ELEMENTS {
        return Err(Failure::Limit(format!("a window has more than {MAX_ELEMENTS} elements")));
    }
    // A symmetric window ends on the full turn, a periodic one an element before it.
    let turn = if call.node.flag_or("periodic", true)? { count } else { count.saturating_sub(1).max(1) };
    let values = (0..count).map(|i| f(TAU * i as f64 / turn as f64));
    Ok(vec![from_floats(dtype, &[count], values)?.into()])
}

fn dft(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let rank = input.rank()?;
    // An attribute up to version 19, an input since.
    let given = match call.version() {
        ..20 => call.node.int_or("axis", 1)?,
        _ => call.optional_int(2, "axis")?.unwrap_or(-2),
    };
    let inverse = call.node.flag_or("inverse", false)?;
    let onesided = call.node.flag_or("onesided", false)?;
    let mut attrs = attrs! {"axis" => axis(given, rank)? as i64, "inverse" => inverse, "onesided" => onesided};
    attrs.set_some("length", call.optional_int(1, "dft_length")?);
    Ok(vec![call.op(Op::Dft, attrs, &[&input])?])
}

/// Overlapping frames of a signal, `batch x length x (1 or 2)`, each multiplied with a window and transformed.
fn stft(call: &mut Call) -> Outputs {
    let mut signal = call.input(0)?;
    let mut shape = signal.shape()?;
    if shape.len() == 2 {
        shape.push(1);
        signal = call.reshape(&signal, &shape)?;
    }
    let &[batch, length, parts] = &shape[..] else {
        return invalid(format!("needs a signal of rank 3, got shape {shape:?}"));
    };
    let Some(step) = call.optional_int(1, "frame_step")? else { return invalid("input 1 is missing") };
    let window = call.optional(2);
    let frame = match (call.optional_int(3, "frame_length")?, &window) {
        (Some(frame), _) => frame,
        (None, Some(window)) => window.shape()?.iter().product::<usize>() as i64,
        (None, None) => length as i64,
    };
    let (Ok(step), Ok(frame)) = (usize::try_from(step), usize::try_from(frame)) else {
        return invalid(format!("needs a frame step and length above 0, got {step} and {frame}"));
    };
    if step == 0 || frame == 0 || frame > length {
        return invalid(format!("cannot take frames of {frame}, each {step} after the last, from {length} elements"));
    }
    let frames = 1 + (length - frame) / step;
    if frames.checked_mul(frame).is_none_or(|n| n > MAX_ELEMENTS) {
        return Err(Failure::Limit(format!("frames have more than {MAX_ELEMENTS} elements")));
    }
    let places = indices((0..frames).flat_map(|f| (0..frame).map(move |i| f * step + i)))?;
    let places = Value::Const(places.reshaped(vec![frames, frame])?);
    let mut framed = call.op(Op::Gather, attrs! {"axis" => 1i64}, &[&signal, &places])?;
    debug_assert_eq!(framed.shape().ok(), Some(vec![batch, frames, frame, parts]));
    if let Some(window) = window {
        if window.shape()? != [frame] {
            return invalid(format!("has a window of shape {:?} for frames of {frame}", window.shape()?));
        }
        let column = call.reshape(&window, &[frame, 1])?;
        framed = call.op(Op::Mul, attrs! {}, &[&framed, &column])?;
    }
    let onesided = call.node.flag_or("onesided", true)?;
    if onesided && parts == 2 {
        return invalid("the transform of a complex signal has two sides");
    }
    Ok(vec![call.op(Op::Dft, attrs! {"axis" => 2i64, "onesided" => onesided}, &[&framed])?])
}

/// Triangular filters at equal distances on the mel scale, a column each.
fn mel_weight_matrix(call: &mut Call) -> Outputs {
    let int = |index, what| match call.optional_int(index, what)? {
        Some(value) if value > 0 => Ok(value),
        other => invalid(format!("`{what}` must be a number above 0, not {other:?}")),
    };
    let bins = int(0, "num_mel_bins")? as usize;
    let (length, rate) = (int(1, "dft_length")?, int(2, "sample_rate")?);
    let float = |index, what| match call.optional_floats(index, what)?.as_deref() {
        Some(&[value]) if value >= 0.0 => Ok(value),
        other => invalid(format!("`{what}` must be one number, 0 at least, not {other:?}")),
    };
    let (lower, upper) = (float(3, "lower_edge_hertz")?, float(4, "upper_edge_hertz")?);
    let dtype = call.dtype("output_datatype")?.unwrap_or(DType::F32);
    let rows = length as usize / 2 + 1;
    if rows.checked_mul(bins).is_none_or(|n| n > MAX_ELEMENTS) {
        return Err(Failure::Limit(format!("a matrix has more than {MAX_ELEMENTS} elements")));
    }
    let mel = |hertz: f64| 2595.0 * (1.0 + hertz / 700.0).log10();
    let step = (mel(upper) - mel(lower)) / (bins + 2) as f64;
    // The spectrogram rows at which the triangles begin, peak and end.
    let edge = |i: usize| {
        let hertz = 700.0 * (10f64.powf((i as f64 * step + mel(lower)) / 2595.0) - 1.0);
        ((length + 1) as f64 * hertz / rate as f64).floor() as i64
    };
    let mut matrix = vec![0.0; rows * bins];
    for bin in 0..bins {
        let (low, center, high) = (edge(bin), edge(bin + 1), edge(bin + 2));
        let mut set = |row: i64, value: f64| {
            if let Some(row) = usize::try_from(row).ok().filter(|&row| row < rows) {
                matrix[row * bins + bin] = value;
            }
        };
        if low == center {
            set(center, 1.0);
        } else {
            (low..=center.min(rows as i64)).for_each(|row| set(row, (row - low) as f64 / (center - low) as f64));
        }
        (center..high.min(rows as i64)).for_each(|row| set(row, (high - row) as f64 / (high - center) as f64));
    }
    Ok(vec![from_floats(dtype, &[rows, bins], matrix)?.into()])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::proto::NodeProto;
    use crate::onnx::testing::*;
    use crate::reference::number::floats;

    fn folded(mut node: NodeProto, inputs: &[Tensor]) -> Vec<f64> {
        node.input = (0..inputs.len()).map(|i| i.to_string()).collect();
        let mut graph = graph([], [untyped("a")], [node]);
        graph.initializer = inputs.iter().enumerate().map(|(i, tensor)| constant(&i.to_string(), tensor)).collect();
        floats(&run(model(graph), &[])[0])
    }

    #[track_caller]
    fn close(actual: &[f64], expected: &[f64]) {
        assert_eq!(actual.len(), expected.len());
        assert!(actual.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{actual:?} {expected:?}");
    }

    #[test]
    fn windows_rise_and_fall() {
        let make = |name: &str, periodic, size: i64| {
            folded(with(node(name, &[], &["a"]), [int("periodic", periodic)]), &[Tensor::scalar(size)])
        };
        close(&make("HannWindow", 1, 4), &[0.0, 0.5, 1.0, 0.5]);
        close(&make("HannWindow", 0, 3), &[0.0, 1.0, 0.0]);
        close(&make("HammingWindow", 0, 3), &[4.0 / 46.0, 1.0, 4.0 / 46.0]);
        close(&make("BlackmanWindow", 0, 3), &[0.0, 1.0, 0.0]);
        assert_eq!(make("HannWindow", 0, 1).len(), 1);
        assert!(make("HannWindow", 1, 0).is_empty());
    }

    #[test]
    fn frames_are_transformed() {
        // A constant signal has all of its energy at frequency 0, windowed or not.
        let signal = Tensor::from_vec(vec![1, 6, 1], vec![1f32; 6]).unwrap();
        let window = Tensor::from_vec(vec![4], vec![1f32; 4]).unwrap();
        let y = folded(node("STFT", &[], &["a"]), &[signal, Tensor::scalar(2i64), window]);
        close(&y, &[4.0, 0.0, 0.0, 0.0, 0.0, 0.0].repeat(2));
    }

    #[test]
    fn filters_are_triangles() {
        let ints = [4i64, 16, 8000].map(Tensor::scalar);
        let y = folded(
            node("MelWeightMatrix", &[], &["a"]),
            &[&ints[..], &[Tensor::scalar(0f32), Tensor::scalar(4000f32)]].concat(),
        );
        assert_eq!(y.len(), 9 * 4);
        for bin in 0..4 {
            let column: Vec<f64> = (0..9).map(|row| y[row * 4 + bin]).collect();
            assert!(column.contains(&1.0) && column.iter().all(|v| (0.0..=1.0).contains(v)), "{column:?}");
        }
    }
}
