//! Result types of resampling, and the sizes and scales that decide them.

use super::{Errors, InferCall, Inferred, axes};
use crate::attrs::{Attr, Attrs};
use crate::types::{Dim, TensorType};

/// How one axis is resampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled {
    pub axis: usize,
    /// Elements of the operand and of the result.
    pub from: usize,
    pub to: usize,
    /// Result elements per operand element, before `to` was rounded.
    pub scale: f64,
    /// The part of the operand that is sampled, in units of its extent.
    pub roi: (f64, f64),
}

/// Result size of an axis of `size` elements. In single precision, as in ONNX's own shape inference.
fn scaled(size: usize, scale: f64) -> usize {
    (size as f32 * scale as f32).floor() as usize
}

/// The one scale that keeps the aspect ratio, where the policy asks for that.
fn common_scale(policy: &str, ratios: impl Iterator<Item = f64>) -> Option<f64> {
    match policy {
        "not_larger" => ratios.reduce(f64::min),
        "not_smaller" => ratios.reduce(f64::max),
        _ => None,
    }
}

/// Resolves sizes and scales for an operand of known shape. The attributes are complete and have been checked.
pub fn resampled(attrs: &Attrs, shape: &[usize]) -> Result<Vec<Resampled>, Errors> {
    let axes = axes(attrs.ints("axes")?, shape.len())?;
    let roi = |i: usize| match attrs.get("roi") {
        Some(Attr::Floats(roi)) if roi.len() == 2 * axes.len() => (roi[i], roi[axes.len() + i]),
        _ => (0.0, 1.0),
    };
    let mut plans = Vec::with_capacity(axes.len());
    if let Some(Attr::Floats(scales)) = attrs.get("scales") {
        for (i, (&axis, &scale)) in axes.iter().zip(scales).enumerate() {
            let from = shape[axis];
            plans.push(Resampled { axis, from, to: scaled(from, scale), scale, roi: roi(i) });
        }
        return Ok(plans);
    }
    let sizes = attrs.sizes("sizes")?;
    let ratio = |(&axis, &size): (&usize, &usize)| size as f64 / shape[axis] as f64;
    let common = common_scale(attrs.str("policy")?, axes.iter().zip(&sizes).map(ratio));
    for (i, pair) in axes.iter().zip(&sizes).enumerate() {
        let (&axis, &size) = pair;
        let from = shape[axis];
        let (to, scale) = match common {
            Some(scale) => ((scale * from as f64 + 0.5).floor() as usize, scale),
            None => (size, ratio(pair)),
        };
        plans.push(Resampled { axis, from, to, scale, roi: roi(i) });
    }
    Ok(plans)
}

const CHOICES: &[(&str, &[&str])] = &[
    ("mode", &["nearest", "linear", "cubic"]),
    (
        "coordinates",
        &[
            "half_pixel",
            "half_pixel_symmetric",
            "pytorch_half_pixel",
            "align_corners",
            "asymmetric",
            "tf_crop_and_resize",
        ],
    ),
    ("nearest", &["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]),
    ("policy", &["stretch", "not_larger", "not_smaller"]),
];

pub fn resize(call: &InferCall) -> Inferred {
    let (operand, attrs) = (call.operand(0)?, call.attrs);
    let mut errors = Vec::new();
    for (name, values) in CHOICES {
        let value = attrs.str(name)?;
        if !values.contains(&value) {
            errors.push(format!("has the {name} `{value}`, which is none of {}", values.join(", ")));
        }
    }
    let mode = attrs.str("mode")?;
    if mode != "nearest" && operand.dtype == hwc_runtime::DType::Bool {
        errors.push(format!("cannot interpolate between the elements of {operand}"));
    }
    if mode == "nearest" && attrs.bool("antialias")? {
        errors.push("cannot smooth with mode `nearest`; antialias needs `linear` or `cubic`".to_string());
    }
    let list = attrs.ints("axes")?;
    let axes = axes(list, operand.rank()).unwrap_or_else(|wrong| {
        errors.extend(wrong.0);
        Vec::new()
    });
    let (sizes, scales) = (attrs.get("sizes"), attrs.get("scales"));
    match (sizes, scales) {
        (Some(Attr::Ints(v)), None) if v.len() == list.len() && v.iter().all(|&n| n >= 0) => {}
        (None, Some(Attr::Floats(v))) if v.len() == list.len() && v.iter().all(|&s| s > 0.0 && s.is_finite()) => {}
        (None, None) | (Some(_), Some(_)) => errors.push("needs either `sizes` or `scales`".to_string()),
        _ => errors.push(format!("needs one size (0 at least) or scale (above 0) for each of {} axes", list.len())),
    }
    match attrs.get("roi") {
        Some(Attr::Floats(roi)) if roi.len() != 2 * list.len() || roi.iter().any(|v| !v.is_finite()) => {
            errors.push(format!("needs a finite start and end for each of {} axes in `roi`", list.len()));
        }
        None if attrs.str("coordinates")? == "tf_crop_and_resize" => errors.push("needs `roi` to crop".to_string()),
        _ => {}
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape.clone();
    match operand.static_shape() {
        Some(known) => {
            for plan in resampled(attrs, &known)? {
                if plan.from == 0 && plan.to != 0 {
                    errors.push(format!("has no element to sample along axis {} of {operand}", plan.axis));
                }
                shape[plan.axis] = Dim::Fixed(plan.to);
            }
        }
        None => symbolic(attrs, &axes, &mut shape),
    }
    if errors.is_empty() { Ok(vec![TensorType::new(operand.dtype, shape)]) } else { Err(Errors(errors)) }
}

/// What can be said of the result where not every dimension is known.
fn symbolic(attrs: &Attrs, axes: &[usize], shape: &mut [Dim]) {
    let stretch = attrs.str("policy") == Ok("stretch");
    for (i, &axis) in axes.iter().enumerate() {
        shape[axis] = match (attrs.get("sizes"), attrs.get("scales"), &shape[axis]) {
            (Some(Attr::Ints(sizes)), _, _) if stretch => usize::try_from(sizes[i]).map_or(Dim::Unknown, Dim::Fixed),
            (_, Some(Attr::Floats(scales)), Dim::Fixed(n)) => Dim::Fixed(scaled(*n, scales[i])),
            (_, Some(Attr::Floats(scales)), dim) if scales[i] == 1.0 => dim.clone(),
            _ => Dim::Unknown,
        };
    }
}
