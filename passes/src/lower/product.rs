//! Sums of products: what matrix products, Einstein sums and convolutions have in common.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::{Attribute, Type, TypeLike};

use super::rows::Read;
use super::scalar::{load, store};
use super::{Emitter, Loop};
use crate::codegen::ir::Val;

/// A factor of the products, less its zero point where it has one.
pub struct Factor<'c> {
    pub read: Read<'c>,
    /// Of the same element type.
    pub zero: Option<(Val<'c>, Attribute<'c>)>,
}

impl<'c> Factor<'c> {
    pub fn new(tensor: Val<'c>, dtype: DType, map: Attribute<'c>) -> Factor<'c> {
        Factor { read: Read::new(tensor, dtype, map), zero: None }
    }

    pub fn less(self, zero: Option<(Val<'c>, Attribute<'c>)>) -> Factor<'c> {
        Factor { zero, ..self }
    }
}

/// An element in the type that is summed in; 8-bit integers are extended by their signedness.
fn widen<'c>(emit: &Emitter<'c>, dtype: DType, value: Val<'c>, to: Type<'c>) -> Val<'c> {
    let value = load(emit, dtype, value);
    match dtype.kind() {
        Kind::Float => value,
        Kind::Signed => emit.cast("arith.extsi", value, to),
        _ => emit.cast("arith.extui", value, to),
    }
}

/// Adds the products of the factors to `out`, in its element type. `extents` are tensors that are not read and only
/// give loops their lengths.
pub fn accumulate<'c>(
    emit: &Emitter<'c>,
    factors: &[Factor<'c>],
    extents: &[(Val<'c>, Attribute<'c>)],
    out: (Val<'c>, Attribute<'c>),
    loops: &[Loop],
) -> Val<'c> {
    let mut inputs = Vec::new();
    for factor in factors {
        inputs.push((factor.read.tensor, factor.read.map));
        inputs.extend(factor.zero);
    }
    inputs.extend(extents);
    let ty = emit.element_of(out.0);
    let (add, sub, mul) = if ty.is_integer() {
        ("arith.addi", "arith.subi", "arith.muli")
    } else {
        ("arith.addf", "arith.subf", "arith.mulf")
    };
    emit.generic(&inputs, &[out], loops, |e, arguments| {
        let mut rest = arguments.iter().copied();
        let mut product: Option<Val> = None;
        for factor in factors {
            let mut next = || rest.next().map(|v| widen(e, factor.read.dtype, v, ty));
            let Some(mut value) = next() else { continue };
            if factor.zero.is_some()
                && let Some(zero) = next()
            {
                value = e.same(sub, &[value, zero]);
            }
            product = Some(product.map_or(value, |p| e.same(mul, &[p, value])));
        }
        let sum = arguments[arguments.len() - 1];
        vec![product.map_or(sum, |p| e.same(add, &[sum, p]))]
    })[0]
}

/// A tensor of zeros in which elements of this type are summed.
pub fn zeros<'c>(emit: &Emitter<'c>, dtype: DType, shape: &[usize]) -> Val<'c> {
    emit.filled(shape, emit.zero(emit.compute(dtype)))
}

/// Sums rounded to the element type.
pub fn rounded<'c>(emit: &Emitter<'c>, dtype: DType, sums: Val<'c>) -> Val<'c> {
    let stored_whole = dtype.bits() as usize == dtype.size() * 8;
    if stored_whole && emit.element_of(sums) == emit.storage(dtype) {
        return sums;
    }
    let shape = emit.shape_of(sums);
    let (out, map) = (emit.empty(emit.storage(dtype), &shape), emit.identity(shape.len()));
    let loops = vec![Loop::Parallel; shape.len()];
    emit.generic(&[(sums, map)], &[(out, map)], &loops, |e, v| vec![store(e, dtype, v[0])])[0]
}

/// The expression of a dimension: `d3`.
pub fn dim(index: usize) -> String {
    format!("d{index}")
}

/// As many parallel loops, followed by as many reductions.
pub fn loops(parallel: usize, reductions: usize) -> Vec<Loop> {
    [vec![Loop::Parallel; parallel], vec![Loop::Reduction; reductions]].concat()
}
