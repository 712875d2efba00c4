//! What reductions and normalizations are made of: folding axes away, and elementwise work that reads the folded.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::{Attribute, Type, ValueLike};

use super::scalar::{load, store};
use super::{Emitter, Loop};
use crate::codegen::ir::Val;

/// A tensor read at the positions of a loop nest by an affine map; its elements are computed with as `dtype` says.
pub struct Read<'c> {
    pub tensor: Val<'c>,
    pub dtype: DType,
    pub map: Attribute<'c>,
}

impl<'c> Read<'c> {
    pub fn new(tensor: Val<'c>, dtype: DType, map: Attribute<'c>) -> Read<'c> {
        Read { tensor, dtype, map }
    }
}

/// The type that a temporary of compute-type elements has; reading it needs no conversion.
pub fn wide(dtype: DType) -> DType {
    if dtype.kind() == Kind::Float && dtype != DType::F64 { DType::F32 } else { dtype }
}

/// Refuses element types whose arithmetic the generic emitters get wrong: they wrap at another width than they are stored in.
pub fn plain(dtype: DType) -> Result<(), String> {
    let stored_whole = dtype == DType::Bool || dtype.bits() as usize == dtype.size() * 8;
    if stored_whole && !(dtype.is_float() && dtype.bits() < 16) {
        Ok(())
    } else {
        Err(format!("there is no native code for elements of type {dtype}"))
    }
}

/// The map to the dimensions that are not reduced.
pub fn kept<'c>(emit: &Emitter<'c>, reduced: &[bool]) -> Attribute<'c> {
    let names: Vec<String> = reduced.iter().enumerate().filter(|(_, r)| !**r).map(|(i, _)| format!("d{i}")).collect();
    emit.map(reduced.len(), &names)
}

/// The sizes of the dimensions that are not reduced.
pub fn kept_shape(shape: &[usize], reduced: &[bool]) -> Vec<usize> {
    shape.iter().zip(reduced).filter(|(_, r)| !**r).map(|(&n, _)| n).collect()
}

/// Folds the reduced dimensions of a loop nest away: `body` gets the elements read and what has been folded so far,
/// which starts as `init`. The result has the dimensions that are kept.
pub fn fold<'c>(
    emit: &Emitter<'c>,
    reads: &[Read<'c>],
    shape: &[usize],
    reduced: &[bool],
    init: Val<'c>,
    body: impl FnOnce(&Emitter<'c>, &[Val<'c>], Val<'c>) -> Val<'c>,
) -> Val<'c> {
    let out = emit.filled(&kept_shape(shape, reduced), init);
    let loops: Vec<Loop> = reduced.iter().map(|&r| if r { Loop::Reduction } else { Loop::Parallel }).collect();
    let inputs: Vec<_> = reads.iter().map(|r| (r.tensor, r.map)).collect();
    emit.generic(&inputs, &[(out, kept(emit, reduced))], &loops, |e, arguments| {
        let values: Vec<_> = reads.iter().zip(arguments).map(|(r, &v)| load(e, r.dtype, v)).collect();
        vec![body(e, &values, arguments[reads.len()])]
    })[0]
}

/// A tensor of this type and shape computed element by element; `body` gets the elements read and returns the result
/// in the compute type.
pub fn each<'c>(
    emit: &Emitter<'c>,
    reads: &[Read<'c>],
    dtype: DType,
    shape: &[usize],
    body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Val<'c>,
) -> Val<'c> {
    let out = emit.empty(emit.storage(dtype), shape);
    let inputs: Vec<_> = reads.iter().map(|r| (r.tensor, r.map)).collect();
    emit.generic(&inputs, &[(out, emit.identity(shape.len()))], &vec![Loop::Parallel; shape.len()], |e, arguments| {
        let values: Vec<_> = reads.iter().zip(arguments).map(|(r, &v)| load(e, r.dtype, v)).collect();
        vec![store(e, dtype, body(e, &values))]
    })[0]
}

/// The largest of each group, NaN left out; minus infinity where there is nothing.
pub fn largest<'c>(emit: &Emitter<'c>, read: Read<'c>, shape: &[usize], reduced: &[bool]) -> Val<'c> {
    let lowest = emit.float(emit.compute(read.dtype), f64::NEG_INFINITY);
    fold(emit, &[read], shape, reduced, lowest, |e, x, acc| e.same("arith.maxnumf", &[acc, x[0]]))
}

/// 1 / sqrt(x + epsilon) of a tensor of compute-type elements, each divided by `count` before.
pub fn inverse_deviation<'c>(emit: &Emitter<'c>, sums: Val<'c>, dtype: DType, count: usize, epsilon: f64) -> Val<'c> {
    let shape = emit.shape_of(sums);
    each(emit, &[Read::new(sums, dtype, emit.identity(shape.len()))], dtype, &shape, |e, x| {
        let ty: Type = x[0].r#type();
        let variance = e.same("arith.divf", &[x[0], e.float(ty, count as f64)]);
        let root = e.same("math.sqrt", &[e.same("arith.addf", &[variance, e.float(ty, epsilon)])]);
        e.same("arith.divf", &[e.float(ty, 1.0), root])
    })
}
