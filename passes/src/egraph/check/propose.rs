//! What operators want, as far as it helps to make valid operations at random. What is proposed may still be refused.

use fastrand::Rng;
use hwc_dialects::attrs::Attr;
use hwc_dialects::op::{AttributeInfo, AttributeKind};
use hwc_dialects::reference::number::{from_floats, from_integers};
use hwc_dialects::{Op, TensorType};
use hwc_runtime::dtype::Kind as Numbers;
use hwc_runtime::{DType, Tensor};

use super::instance::Place;

/// The type of a new operand.
pub fn operand(place: &Place, dtype: DType, rng: &mut Rng) -> TensorType {
    let before: Vec<Vec<usize>> =
        place.operands.iter().map(|ty| ty.as_ref().and_then(TensorType::static_shape).unwrap_or_default()).collect();
    let (slot, first) = (before.len(), before.first().cloned().unwrap_or_default());
    let dtype =
        place.operands.iter().flatten().map(|ty| ty.dtype).find(|_| place.op != Some(Op::Select)).unwrap_or(dtype);
    let shape = match (place.op, slot) {
        (Some(Op::Select), 0) => return TensorType::fixed(DType::Bool, &shape(0..4, rng)),
        (Some(Op::Matmul), 0) => shape(if rng.u8(..8) == 0 { 1..5 } else { 2..5 }, rng),
        (Some(Op::Matmul), 1) => factor(&first, rng),
        (Some(Op::Conv | Op::ConvTranspose | Op::MaxPool | Op::AveragePool), 0) => image(rng),
        (Some(Op::Conv), 1) => filter(&first, rng),
        (Some(Op::Conv), 2) => before[1].first().copied().into_iter().collect(),
        (Some(Op::ConvTranspose), 2) => before[1].get(1).copied().into_iter().collect(),
        (Some(Op::BatchNormalization), 0) => shape(2..5, rng),
        (Some(Op::BatchNormalization), _) => vec![first.get(1).copied().unwrap_or(1)],
        (Some(Op::LayerNormalization | Op::RmsNormalization), 1..) => first.last().copied().into_iter().collect(),
        (Some(Op::Attention), 0) => (0..4).map(|_| rng.usize(1..4)).collect(),
        (Some(Op::Attention), 1) => {
            let dim = |i: usize| first.get(i).copied().unwrap_or(1);
            vec![dim(0), dim(1), rng.usize(1..4), dim(3)]
        }
        (Some(Op::Attention), 2) => {
            let dim = |i: usize| before[1].get(i).copied().unwrap_or(1);
            vec![dim(0), dim(1), dim(2), rng.usize(1..4)]
        }
        (Some(Op::Clip), 1..) => vec![],
        (Some(Op::Concat), 1..) => {
            let mut shape = first;
            if let Some(dim) = choose(&mut shape, rng) {
                *dim = rng.usize(1..4);
            }
            shape
        }
        (_, 0) => shape(0..5, rng),
        _ => broadcast(&first, rng),
    };
    TensorType::fixed(dtype, &shape)
}

/// The type of a constant whose elements are all the same.
pub fn number(place: &Place, dtype: DType, rng: &mut Rng) -> TensorType {
    match place.operands.iter().flatten().next() {
        Some(ty) if rng.bool() => TensorType::fixed(ty.dtype, &broadcast(&ty.static_shape().unwrap_or_default(), rng)),
        Some(ty) => TensorType::fixed(ty.dtype, &[]),
        None => TensorType::fixed(dtype, &[]),
    }
}

/// Elements of a type; all the same where `splat` is true.
pub fn value(ty: &TensorType, splat: bool, rng: &mut Rng) -> Option<Tensor> {
    let (shape, count) = (ty.static_shape()?, ty.elements()?);
    let is_float = ty.dtype.kind() == Numbers::Float;
    let positive = rng.bool();
    let mut draw = || match (is_float, rng.u8(..4)) {
        (true, 0) => f64::from(rng.i8(-2..3)),
        (true, _) => rng.f64() * 4.0 - if positive { 0.0 } else { 2.0 },
        (false, _) if ty.dtype == DType::Bool => f64::from(rng.u8(..2)),
        (false, _) => f64::from(rng.u8(..7)),
    };
    let one = draw();
    let values: Vec<f64> = (0..count).map(|_| if splat { one } else { draw() }).collect();
    match is_float {
        true => from_floats(ty.dtype, &shape, values).ok(),
        false => from_integers(ty.dtype, &shape, values.into_iter().map(|v| v as i128)).ok(),
    }
}

/// A value of an attribute, if anything is known of it.
pub fn attribute(op: Op, info: &AttributeInfo, types: &[Option<TensorType>], rng: &mut Rng) -> Option<Attr> {
    let first = types.first().and_then(|ty| ty.as_ref()?.static_shape()).unwrap_or_default();
    let rank = first.len() as i64;
    let ints = |values: Vec<i64>| Some(Attr::Ints(values));
    match (op, info.name) {
        (_, "permutation") => {
            let mut order: Vec<i64> = (0..rank).collect();
            rng.shuffle(&mut order);
            // The last two change places most often.
            if rank >= 2 && rng.bool() {
                order = (0..rank).collect();
                order.swap(rank as usize - 1, rank as usize - 2);
            }
            ints(order)
        }
        (Op::Reshape, "shape") => ints(regrouped(&first, rng)),
        (Op::Expand, "shape") => {
            let lead = rng.usize(..3);
            let kept = first.iter().map(|n| if *n == 1 { rng.i64(1..4) } else { *n as i64 }).collect::<Vec<_>>();
            let lead: Vec<i64> = (0..lead).map(|_| rng.i64(1..3)).collect();
            ints([lead, kept].concat())
        }
        (Op::Slice, "axes") => ints(vec![rng.i64(-rank..rank.max(1))]),
        (Op::Slice, "starts") => ints(vec![rng.i64(0..2)]),
        (Op::Slice, "ends") => ints(vec![rng.i64(1..5)]),
        (Op::Slice, "steps") => ints(vec![if rng.u8(..4) == 0 { 2 } else { 1 }]),
        (Op::Pad, "low" | "high") => ints((0..rank).map(|_| rng.i64(0..3)).collect()),
        (Op::Tile, "repeats") => ints((0..rank).map(|_| rng.i64(1..3)).collect()),
        (_, "axes") => {
            let mut axes: Vec<i64> = (0..rank).filter(|_| rng.bool()).collect();
            // The last one alone is the most frequent.
            if rank > 0 && rng.bool() {
                axes = vec![rank - 1];
            }
            ints(axes.into_iter().map(|axis| if rng.bool() { axis } else { axis - rank }).collect())
        }
        (_, "axis") => (rank > 0).then(|| Attr::Int(if rng.bool() { -1 } else { rng.i64(-rank..rank) })),
        (Op::Conv, "pads") if rng.bool() => {
            // As many as keep the size of the image, or none.
            let filter = types.get(1).and_then(|ty| ty.as_ref()?.static_shape()).unwrap_or_default();
            let keeps = rng.bool();
            let sides = || filter.iter().skip(2).map(|n| if keeps { (*n as i64 - 1) / 2 } else { 0 });
            ints(sides().chain(sides()).collect())
        }
        (_, "pads") => ints((0..2 * (rank - 2).max(0)).map(|_| rng.i64(0..2)).collect()),
        (_, "strides" | "dilations" | "kernel") => ints((0..(rank - 2).max(0)).map(|_| rng.i64(1..3)).collect()),
        (_, "group") => Some(Attr::Int(if rng.u8(..4) == 0 { 2 } else { 1 })),
        (Op::Gelu, "approximate") => Some(Attr::Str(if rng.bool() { "none" } else { "tanh" }.into())),
        (_, "epsilon") => Some(Attr::Float(f64::from(*rng.choice(&[1e-5f32, 1e-6, 1e-3, 0.5])?))),
        _ => match info.kind {
            AttributeKind::Bool => Some(Attr::Bool(rng.bool())),
            AttributeKind::Float => Some(Attr::Float(f64::from(rng.i8(-4..5)) / 4.0)),
            AttributeKind::Type => Some(Attr::Type(*rng.choice(&[DType::F32, DType::F64, DType::I32, DType::F16])?)),
            _ => None,
        },
    }
}

fn shape(ranks: std::ops::Range<usize>, rng: &mut Rng) -> Vec<usize> {
    let rank = rng.usize(ranks);
    (0..rank).map(|_| if rng.u8(..12) == 0 { 0 } else { rng.usize(1..5) }).collect()
}

/// A batch, channels, and one or two dimensions.
fn image(rng: &mut Rng) -> Vec<usize> {
    let spatial = rng.usize(1..3);
    [rng.usize(1..3), rng.usize(1..5)].into_iter().chain((0..spatial).map(|_| rng.usize(1..7))).collect()
}

fn filter(image: &[usize], rng: &mut Rng) -> Vec<usize> {
    let channels = image.get(1).copied().unwrap_or(1);
    let depth = if rng.u8(..4) == 0 { 1 } else { channels };
    let one = rng.u8(..4) == 0;
    let taps =
        image.iter().skip(2).map(|n| if one { 1 } else { rng.usize(1..(*n).clamp(1, 3) + 1) }).collect::<Vec<_>>();
    [rng.usize(1..5), depth].into_iter().chain(taps).collect()
}

/// The right operand of a product.
fn factor(left: &[usize], rng: &mut Rng) -> Vec<usize> {
    let depth = left.last().copied().unwrap_or(1);
    let columns = rng.usize(1..5);
    match (left.len(), rng.u8(..8)) {
        (_, 0) => vec![depth],
        (rank, 1..4) if rank > 2 => {
            let batch = left[..rank - 2].iter().map(|n| if rng.u8(..4) == 0 { 1 } else { *n });
            batch.collect::<Vec<_>>().into_iter().chain([depth, columns]).collect()
        }
        _ => vec![depth, columns],
    }
}

/// A shape that broadcasts with another.
fn broadcast(other: &[usize], rng: &mut Rng) -> Vec<usize> {
    match rng.u8(..12) {
        // One for each channel.
        10 | 11 if other.len() > 2 => [other[1]].into_iter().chain(other[2..].iter().map(|_| 1)).collect(),
        0..4 | 10 | 11 => other.to_vec(),
        4 => vec![],
        5 => other[rng.usize(..other.len() + 1)..].to_vec(),
        6 => other.iter().map(|n| if rng.bool() { 1 } else { *n }).collect(),
        7 if !other.is_empty() => vec![other[other.len() - 1]],
        8 if !other.is_empty() => {
            // Along one axis, such as the channels.
            let axis = rng.usize(..other.len());
            let from = if rng.bool() { axis } else { 0 };
            (from..other.len()).map(|i| if i == axis { other[i] } else { 1 }).collect()
        }
        _ => [rng.usize(1..3)].into_iter().chain(other.iter().copied()).collect(),
    }
}

/// Dimensions split, joined or with ones in between.
fn regrouped(shape: &[usize], rng: &mut Rng) -> Vec<i64> {
    let mut dims: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
    for _ in 0..rng.usize(1..4) {
        let place = rng.usize(..dims.len() + 1);
        match rng.u8(..3) {
            0 => dims.insert(place, 1),
            1 if place + 1 < dims.len() => {
                let next = dims.remove(place + 1);
                dims[place] *= next;
            }
            2 if place < dims.len() && dims[place] % 2 == 0 && dims[place] > 0 => {
                dims[place] /= 2;
                dims.insert(place, 2);
            }
            _ => {}
        }
    }
    // What remains, or a dimension of the operand's.
    match (choose(&mut dims, rng), rng.u8(..4)) {
        (Some(dim), 0) if *dim > 0 => *dim = -1,
        (Some(dim), 1) => *dim = shape.iter().position(|n| *n as i64 == *dim).map_or(*dim, |i| -2 - i as i64),
        _ => {}
    }
    dims
}

fn choose<'a, T>(shape: &'a mut [T], rng: &mut Rng) -> Option<&'a mut T> {
    let count = shape.len();
    if count == 0 { None } else { shape.get_mut(rng.usize(..count)) }
}
