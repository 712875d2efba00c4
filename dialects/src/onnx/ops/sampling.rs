//! Resampling, and sampling at given positions.

use hwc_runtime::Tensor;

use super::{Row, row};
use crate::attrs;
use crate::attrs::Attrs;
use crate::infer::axes;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;
use crate::reference::number::from_floats;

pub const OPS: &[Row] = &[
    row("AffineGrid", 20, affine_grid),
    row("GridSample", 16, grid_sample),
    row("Resize", 10, resize_10).until(10),
    row("Resize", 11, resize),
    row("Upsample", 7, |call| {
        let scales = call.node.floats("scales")?.map(<[f32]>::to_vec);
        simple(call, scales)
    })
    .until(8),
    row("Upsample", 9, resize_10),
];

/// How much the axes of a resize grow, one entry per axis.
enum Extent {
    Sizes(Vec<i64>),
    Scales(Vec<f64>),
}

/// Sizes or scales from inputs `first` and `first + 1`, of which one is given and not empty.
fn extent(call: &Call, first: usize) -> Result<Extent, Failure> {
    let scales = call.optional_floats(first, "scales")?.filter(|scales| !scales.is_empty());
    let sizes = call.optional_ints(first + 1, "sizes")?.filter(|sizes| !sizes.is_empty());
    match (scales, sizes) {
        (Some(scales), None) => Ok(Extent::Scales(scales)),
        (None, Some(sizes)) => Ok(Extent::Sizes(sizes)),
        // An input of rank 0 has no axis to give a size for.
        (None, None) if call.input(0)?.rank()? == 0 => Ok(Extent::Sizes(Vec::new())),
        _ => invalid("needs one of `scales` and `sizes`"),
    }
}

fn resize(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let list = match call.node.ints("axes")? {
        Some(list) => axes(list, shape.len())?,
        None => (0..shape.len()).collect(),
    };
    let coordinates = call.node.text_or("coordinate_transformation_mode", "half_pixel")?;
    let crops = coordinates == "tf_crop_and_resize";
    let policy = call.node.text_or("keep_aspect_ratio_policy", "stretch")?;
    let mut attrs = attrs! {
        "mode" => call.node.text_or("mode", "nearest")?,
        "coordinates" => coordinates,
        "nearest" => call.node.text_or("nearest_mode", "round_prefer_floor")?,
        "cubic_a" => f64::from(call.node.float_or("cubic_coeff_a", -0.75)?),
        "extrapolation" => f64::from(call.node.float_or("extrapolation_value", 0.0)?),
        "exclude_outside" => call.node.flag_or("exclude_outside", false)?,
        "antialias" => call.node.flag_or("antialias", false)?
    };
    let roi = if crops { call.optional_floats(1, "roi")?.unwrap_or_default() } else { Vec::new() };
    if crops && roi.len() != 2 * list.len() {
        return invalid(format!("needs a start and an end for each of {} axes in `roi`", list.len()));
    }
    let extent = extent(call, 2)?;
    let given = match &extent {
        Extent::Sizes(sizes) => sizes.len(),
        Extent::Scales(scales) => scales.len(),
    };
    if given != list.len() {
        return invalid(format!("has {given} sizes or scales for {} axes", list.len()));
    }
    let common = policy != "stretch" && matches!(extent, Extent::Sizes(_));
    // Axes that keep their size are left out where nothing else depends on them.
    let changes = |i: &usize| match &extent {
        _ if crops || common => true,
        Extent::Sizes(sizes) => sizes[*i] != shape[list[*i]] as i64,
        Extent::Scales(scales) => scales[*i] != 1.0,
    };
    let kept: Vec<usize> = (0..list.len()).filter(changes).collect();
    if kept.is_empty() {
        return Ok(vec![input]);
    }
    attrs.set("axes", kept.iter().map(|&i| list[i] as i64).collect::<Vec<_>>());
    match &extent {
        Extent::Sizes(sizes) => attrs.set("sizes", kept.iter().map(|&i| sizes[i]).collect::<Vec<_>>()),
        Extent::Scales(scales) => attrs.set("scales", kept.iter().map(|&i| scales[i]).collect::<Vec<_>>()),
    }
    if crops {
        attrs.set("roi", roi);
    }
    if common {
        attrs.set("policy", policy);
    }
    Ok(vec![call.op(Op::Resize, attrs, &[&input])?])
}

/// Upsample since version 9 and Resize 10: the scales are an input.
fn resize_10(call: &mut Call) -> Outputs {
    let scales = call.optional_floats(1, "scales")?;
    simple(call, scales.map(|scales| scales.into_iter().map(|s| s as f32).collect()))
}

/// Resampling before Resize 11: no mode but `nearest` and `linear`, no choice of coordinates.
fn simple(call: &mut Call, scales: Option<Vec<f32>>) -> Outputs {
    let mut value = call.input(0)?;
    let rank = value.rank()?;
    let Some(scales) = scales.filter(|scales| scales.len() == rank) else {
        return invalid(format!("needs a scale for each of {rank} axes"));
    };
    let mode = match call.node.text_or("mode", "nearest")? {
        "bilinear" => "linear",
        other => other,
    }
    .to_owned();
    // `nearest` takes the element before when it grows and the one behind when it shrinks.
    let grows: Vec<usize> = (0..rank).filter(|&i| scales[i] > 1.0).collect();
    let shrinks: Vec<usize> = (0..rank).filter(|&i| scales[i] < 1.0 || scales[i].is_nan()).collect();
    let steps = match &mode[..] {
        "linear" => vec![([grows, shrinks].concat(), "floor")],
        _ => vec![(grows, "floor"), (shrinks, "ceil")],
    };
    for (list, nearest) in steps.into_iter().filter(|(list, _)| !list.is_empty()) {
        let mut attrs = Attrs::default();
        attrs.set("axes", list.iter().map(|&i| i as i64).collect::<Vec<_>>());
        attrs.set("scales", list.iter().map(|&i| f64::from(scales[i])).collect::<Vec<_>>());
        attrs.set("mode", &mode[..]);
        attrs.set("coordinates", "asymmetric");
        attrs.set("nearest", nearest);
        value = call.op(Op::Resize, attrs, &[&value])?;
    }
    Ok(vec![value])
}

fn grid_sample(call: &mut Call) -> Outputs {
    let (input, grid) = (call.input(0)?, call.input(1)?);
    // Named after planes before version 20.
    let mode = match call.node.text_or("mode", "linear")? {
        "bilinear" => "linear",
        "bicubic" => "cubic",
        other => other,
    };
    let attrs = attrs! {
        "mode" => mode,
        "padding" => call.node.text_or("padding_mode", "zeros")?,
        "align_corners" => call.node.flag_or("align_corners", false)?
    };
    Ok(vec![call.op(Op::GridSample, attrs, &[&input, &grid])?])
}

/// Centers of the elements of an axis, the ends of the axis being -1 and 1.
fn centers(size: usize, align_corners: bool) -> impl Fn(usize) -> f64 {
    move |i| match (align_corners, size) {
        (true, 0 | 1) => -1.0,
        (true, _) => 2.0 * i as f64 / (size - 1) as f64 - 1.0,
        (false, _) => (2.0 * i as f64 + 1.0) / size as f64 - 1.0,
    }
}

/// Positions of the elements of an image or volume, each with a one behind, times the transposed matrices `theta`.
fn affine_grid(call: &mut Call) -> Outputs {
    let theta = call.input(0)?;
    let size: Option<Vec<usize>> = call.ints(1, "size")?.iter().map(|&n| usize::try_from(n).ok()).collect();
    let Some([n, _, spatial @ ..]) = size.as_deref() else {
        return invalid("`size` must give a batch, channels and two or three extents, none below zero");
    };
    let rank = spatial.len();
    if !matches!(rank, 2 | 3) || theta.shape()? != [*n, rank, rank + 1] {
        return invalid(format!("theta of shape {:?} does not fit size {size:?}", theta.shape()?));
    }
    let align_corners = call.node.flag_or("align_corners", false)?;
    let axes: Vec<_> = spatial.iter().map(|&size| centers(size, align_corners)).collect();
    let count = spatial.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= MAX_POSITIONS);
    let Some(count) = count else {
        return Err(Failure::Limit(format!("a grid has more than {MAX_POSITIONS} positions")));
    };
    let mut base = Vec::with_capacity(count * (rank + 1));
    crate::reference::copy::walk(spatial, |position| {
        base.extend(position.iter().zip(&axes).rev().map(|(&p, center)| center(p)));
        base.push(1.0);
    });
    let base: Tensor = from_floats(theta.dtype()?, &[count, rank + 1], base)?;
    let turned = call.transpose(&theta, &[0, 2, 1])?;
    let grid = call.op(Op::Matmul, attrs! {}, &[&Value::Const(base), &turned])?;
    let shape: Vec<usize> = std::iter::once(*n).chain(spatial.iter().copied()).chain([rank]).collect();
    Ok(vec![call.reshape(&grid, &shape)?])
}

/// Positions of a grid, which are part of the compiled model.
const MAX_POSITIONS: usize = 1 << 24;

#[cfg(test)]
mod tests;
