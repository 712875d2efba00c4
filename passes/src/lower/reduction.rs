//! Reductions over whole axes.

use hwc_dialects::infer::{axis, reduction::reduced_axes};
use hwc_runtime::{DType, dtype::Kind as ElementKind};
use melior::ir::{Type, ValueLike};

use super::rows::{Read, each, fold, kept, kept_shape, largest, plain, wide};
use super::scalar::{load, store};
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// What becomes of the elements of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
    L1,
    L2,
    LogSum,
    LogSumExp,
    SumSquare,
}

pub fn reduce<'c>(call: &LowerCall<'c, '_>, kind: Kind) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let reduced = reduced_axes(call.attrs.ints("axes")?, shape.len()).map_err(|e| e.to_string())?;
    let count: usize = shape.iter().zip(&reduced).filter(|(_, r)| **r).map(|(n, _)| n).product();
    let operand = Read::new(call.operand(0)?, dtype, emit.identity(shape.len()));
    let sums = match kind {
        Kind::LogSumExp => return finish(call, log_sum_exp(emit, operand, &shape, &reduced), |_, x| x),
        _ => fold(emit, &[operand], &shape, &reduced, start(emit, dtype, kind), |e, x, acc| {
            let x = widen(e, dtype, kind, x[0]);
            combine(e, dtype, kind, x, acc)
        }),
    };
    finish(call, sums, |e, x| match kind {
        Kind::L2 => e.same("math.sqrt", &[x]),
        Kind::LogSum => e.same("math.log", &[x]),
        Kind::Mean if dtype.is_float() => e.same("arith.divf", &[x, e.float(x.r#type(), count as f64)]),
        Kind::Mean => {
            let divide = if dtype.is_unsigned() { "arith.divui" } else { "arith.divsi" };
            e.same(divide, &[x, e.int(x.r#type(), count.max(1) as i64)])
        }
        _ => x,
    })
}

/// True where integers leave the integers on the way.
fn is_real(kind: Kind) -> bool {
    matches!(kind, Kind::L2 | Kind::LogSum | Kind::LogSumExp)
}

/// The type in which a group is folded: integers become `f64` where they leave the integers, and means are summed in 64 bits.
fn accumulator<'c>(emit: &Emitter<'c>, dtype: DType, kind: Kind) -> Type<'c> {
    match dtype.is_float() {
        true => emit.compute(dtype),
        false if is_real(kind) => Type::float64(emit.context),
        false if kind == Kind::Mean => emit.integer_type(64),
        false => emit.storage(dtype),
    }
}

fn start<'c>(emit: &Emitter<'c>, dtype: DType, kind: Kind) -> Val<'c> {
    let ty = accumulator(emit, dtype, kind);
    match (kind, dtype.kind()) {
        (Kind::Max, ElementKind::Float) => emit.float(ty, f64::NEG_INFINITY),
        (Kind::Min, ElementKind::Float) => emit.float(ty, f64::INFINITY),
        (Kind::Max, ElementKind::Signed) => emit.int(ty, i64::MIN >> (64 - dtype.bits())),
        (Kind::Min, ElementKind::Signed) => emit.int(ty, i64::MAX >> (64 - dtype.bits())),
        (Kind::Min, _) => emit.int(ty, -1),
        (Kind::Prod, ElementKind::Float) => emit.float(ty, 1.0),
        (Kind::Prod, _) => emit.int(ty, 1),
        _ => emit.zero(ty),
    }
}

/// An element in the type of the accumulator.
fn widen<'c>(emit: &Emitter<'c>, dtype: DType, kind: Kind, x: Val<'c>) -> Val<'c> {
    let ty = accumulator(emit, dtype, kind);
    match (dtype.is_float(), dtype.is_unsigned()) {
        (true, _) => x,
        (_, unsigned) if is_real(kind) => emit.cast(if unsigned { "arith.uitofp" } else { "arith.sitofp" }, x, ty),
        (_, unsigned) => emit.cast(if unsigned { "arith.extui" } else { "arith.extsi" }, x, ty),
    }
}

fn combine<'c>(emit: &Emitter<'c>, dtype: DType, kind: Kind, x: Val<'c>, acc: Val<'c>) -> Val<'c> {
    let real = dtype.is_float() || is_real(kind);
    let name = |float: &'static str, integer: &'static str| if real { float } else { integer };
    let (add, mul) = (name("arith.addf", "arith.addi"), name("arith.mulf", "arith.muli"));
    match kind {
        Kind::Sum | Kind::Mean | Kind::LogSum | Kind::LogSumExp => emit.same(add, &[acc, x]),
        Kind::SumSquare | Kind::L2 => emit.same(add, &[acc, emit.same(mul, &[x, x])]),
        Kind::Prod => emit.same(mul, &[acc, x]),
        Kind::L1 => {
            let magnitude = match dtype.kind() {
                ElementKind::Float => emit.same("math.absf", &[x]),
                ElementKind::Signed => emit.same("math.absi", &[x]),
                _ => x,
            };
            emit.same(add, &[acc, magnitude])
        }
        Kind::Max | Kind::Min => {
            let names = match dtype.kind() {
                ElementKind::Float => ["arith.maximumf", "arith.minimumf"],
                ElementKind::Signed => ["arith.maxsi", "arith.minsi"],
                _ => ["arith.maxui", "arith.minui"],
            };
            emit.same(names[usize::from(kind == Kind::Min)], &[acc, x])
        }
    }
}

/// log(sum(exp(x - m))) + m with m the largest element where it is finite. Where it is not, 0 in its place gives the answer.
fn log_sum_exp<'c>(emit: &Emitter<'c>, operand: Read<'c>, shape: &[usize], reduced: &[bool]) -> Val<'c> {
    let (tensor, map) = (operand.tensor, operand.map);
    // Integers are widened once, in memory.
    let (tensor, dtype) = if operand.dtype.is_float() {
        (tensor, operand.dtype)
    } else {
        let from = operand.dtype;
        let wide = each(emit, &[operand], DType::F64, shape, |e, x| widen(e, from, Kind::LogSumExp, x[0]));
        (wide, DType::F64)
    };
    let sum_type = wide(dtype);
    let top = largest(emit, Read::new(tensor, dtype, map), shape, reduced);
    let kept_dims = kept_shape(shape, reduced);
    let identity = emit.identity(kept_dims.len());
    let top = each(emit, &[Read::new(top, sum_type, identity)], sum_type, &kept_dims, |e, m| {
        let magnitude = e.same("math.absf", &[m[0]]);
        let infinity = e.float(m[0].r#type(), f64::INFINITY);
        let finite = e.compare("arith.cmpf", OLT, magnitude, infinity);
        e.select(finite, m[0], e.zero(m[0].r#type()))
    });
    let zero = emit.zero(emit.compute(dtype));
    let reads = [Read::new(tensor, dtype, map), Read::new(top, sum_type, kept(emit, reduced))];
    let sums = fold(emit, &reads, shape, reduced, zero, |e, x, acc| {
        let power = e.same("math.exp", &[e.same("arith.subf", &[x[0], x[1]])]);
        e.same("arith.addf", &[acc, power])
    });
    let reads = [Read::new(sums, sum_type, identity), Read::new(top, sum_type, identity)];
    each(emit, &reads, sum_type, &kept_dims, |e, x| {
        let log = e.same("math.log", &[x[0]]);
        e.same("arith.addf", &[log, x[1]])
    })
}

/// Applies what follows the fold, rounds to the element type, and gives the result its shape.
fn finish<'c>(
    call: &LowerCall<'c, '_>,
    folded: Val<'c>,
    last: impl FnOnce(&Emitter<'c>, Val<'c>) -> Val<'c>,
) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let shape = emit.shape_of(folded);
    let out = emit.empty(emit.storage(dtype), &shape);
    let identity = emit.identity(shape.len());
    let result = emit.generic(&[(folded, identity)], &[(out, identity)], &vec![Loop::Parallel; shape.len()], |e, x| {
        let value = last(e, x[0]);
        vec![match (dtype.is_float(), value.r#type()) {
            (true, _) => store(e, dtype, value),
            (false, ty) if ty == Type::float64(e.context) => saturate(e, dtype, value),
            (false, ty) if ty == e.storage(dtype) => value,
            _ => e.cast("arith.trunci", value, e.storage(dtype)),
        }]
    })[0];
    Ok(vec![emit.reshape(result, &call.result_shape(0)?)])
}

/// `f64` to an integer type: truncated, clamped, NaN to 0.
fn saturate<'c>(emit: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let (to, f64_type) = (emit.storage(dtype), x.r#type());
    let (low, high) = hwc_dialects::reference::number::range(dtype);
    let unsigned = dtype.kind() != ElementKind::Signed;
    let number = emit.select(emit.compare("arith.cmpf", ORD, x, x), x, emit.zero(f64_type));
    let low_bound = emit.float(f64_type, low as f64);
    // One past the top is a power of two, so exact; the top itself may not be.
    let past = emit.float(f64_type, (high + 1) as f64);
    let above = emit.compare("arith.cmpf", OGE, number, past);
    let inside = emit.select(above, emit.zero(f64_type), emit.same("arith.maximumf", &[number, low_bound]));
    let converted = emit.cast(if unsigned { "arith.fptoui" } else { "arith.fptosi" }, inside, to);
    emit.select(above, emit.int(to, high as i64), converted)
}

/// The index of the largest or smallest element along an axis.
pub fn arg<'c>(call: &LowerCall<'c, '_>, largest: bool) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let last = call.attrs.bool("select_last_index")?;
    let indices = extremes(emit, call.operand(0)?, dtype, &shape, at, Extreme { largest, last });
    Ok(vec![emit.reshape(indices, &call.result_shape(0)?)])
}

/// Which element along an axis is wanted; NaN beats every number.
#[derive(Clone, Copy)]
pub struct Extreme {
    pub largest: bool,
    /// The last among equals instead of the first.
    pub last: bool,
}

/// The indices, as `i64`, of extreme elements along an axis that has one at least.
pub fn extremes<'c>(
    emit: &Emitter<'c>,
    tensor: Val<'c>,
    dtype: DType,
    shape: &[usize],
    at: usize,
    which: Extreme,
) -> Val<'c> {
    let reduced: Vec<bool> = (0..shape.len()).map(|i| i == at).collect();
    let loops: Vec<Loop> = reduced.iter().map(|&r| if r { Loop::Reduction } else { Loop::Parallel }).collect();
    let kept_dims = kept_shape(shape, &reduced);
    let i64_type = emit.integer_type(64);
    let best = emit.filled(&kept_dims, emit.zero(emit.storage(dtype)));
    let index = emit.filled(&kept_dims, emit.zero(i64_type));
    let map = kept(emit, &reduced);
    emit.generic(&[(tensor, emit.identity(shape.len()))], &[(best, map), (index, map)], &loops, |e, v| {
        let (x, best) = (load(e, dtype, v[0]), load(e, dtype, v[1]));
        let position = e.cast("arith.index_cast", e.loop_index(at), i64_type);
        // The first element stands against nothing.
        let is_first = e.compare("arith.cmpi", 0, position, e.int(i64_type, 0));
        let better = e.same("arith.ori", &[is_first, beats(e, dtype, which, x, best)]);
        vec![e.select(better, v[0], v[1]), e.select(better, position, v[2])]
    })[1]
}

/// Whether `x` is to replace `best`, which stands before it.
fn beats<'c>(emit: &Emitter<'c>, dtype: DType, which: Extreme, x: Val<'c>, best: Val<'c>) -> Val<'c> {
    let Extreme { largest, last } = which;
    if dtype.is_float() {
        let wins = match (largest, last) {
            (true, false) => UGT,
            (true, true) => UGE,
            (false, false) => ULT,
            (false, true) => ULE,
        };
        // Unordered predicates let a NaN in; a best that is NaN gives way at most to another one.
        let wins = emit.compare("arith.cmpf", wins, x, best);
        let guard = if last {
            let (x_is_nan, best_is_number) = (is_nan(emit, x), emit.compare("arith.cmpf", ORD, best, best));
            emit.same("arith.ori", &[x_is_nan, best_is_number])
        } else {
            emit.compare("arith.cmpf", ORD, best, best)
        };
        return emit.same("arith.andi", &[wins, guard]);
    }
    let predicate = integer_predicate(largest, last, dtype.kind() != ElementKind::Signed);
    emit.compare("arith.cmpi", predicate, x, best)
}

fn is_nan<'c>(emit: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    emit.compare("arith.cmpf", UNO, x, x)
}

/// `arith.cmpi`'s number for greater or less, or equal, signed or unsigned.
pub fn integer_predicate(greater: bool, or_equal: bool, unsigned: bool) -> i64 {
    // slt, sle, sgt, sge, ult, ule, ugt, uge are 2 to 9.
    2 + i64::from(or_equal) + 2 * i64::from(greater) + 4 * i64::from(unsigned)
}

// `arith.cmpf`'s numbers of predicates.
pub const OEQ: i64 = 1;
pub const OGE: i64 = 3;
pub const OLT: i64 = 4;
pub const ORD: i64 = 7;
pub const UGT: i64 = 9;
pub const UGE: i64 = 10;
pub const ULT: i64 = 11;
pub const ULE: i64 = 12;
pub const UNO: i64 = 14;

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    const ALL: [Op; 10] = [
        Op::ReduceSum,
        Op::ReduceMean,
        Op::ReduceMax,
        Op::ReduceMin,
        Op::ReduceProd,
        Op::ReduceL1,
        Op::ReduceL2,
        Op::ReduceLogSum,
        Op::ReduceLogSumExp,
        Op::ReduceSumSquare,
    ];

    #[test]
    fn every_kind_over_any_axes() {
        let x = random(DType::F32, &[3, 4, 5], 1);
        for op in ALL {
            for axes in [vec![1i64], vec![0, -1], vec![], vec![0, 1, 2]] {
                for keepdims in [true, false] {
                    check(op, &attrs! { "axes" => axes.clone(), "keepdims" => keepdims }, &[Some(&x)], 1e-5);
                }
            }
        }
    }

    #[test]
    fn every_kind_of_each_type() {
        for dtype in [DType::F64, DType::F16, DType::BF16, DType::I8, DType::I32, DType::I64, DType::U8, DType::U64] {
            let x = random(dtype, &[2, 6], 3);
            for op in ALL {
                let tolerance = if dtype == DType::BF16 { 8e-3 } else { 1e-3 };
                check(op, &attrs! { "axes" => vec![1i64] }, &[Some(&x)], tolerance);
            }
        }
    }

    #[test]
    fn nothing_and_infinities() {
        let empty = random(DType::F32, &[2, 0, 3], 1);
        let odd = [f32::NEG_INFINITY, f32::NEG_INFINITY, f32::INFINITY, 1.0, f32::NAN, 1.0, 90.0, 90.0];
        let odd = Tensor::from_vec(vec![4, 2], odd.to_vec()).unwrap();
        for op in ALL {
            check(op, &attrs! { "axes" => vec![1i64] }, &[Some(&empty)], 0.0);
            check(op, &attrs! { "axes" => vec![1i64] }, &[Some(&odd)], 1e-5);
        }
    }

    #[test]
    fn booleans_have_an_order() {
        let x = Tensor::from_bytes(DType::Bool, vec![3, 2], vec![0u8, 0, 0, 1, 1, 1]).unwrap();
        for op in [Op::ReduceMax, Op::ReduceMin] {
            check(op, &attrs! { "axes" => vec![1i64] }, &[Some(&x)], 0.0);
        }
    }

    #[test]
    fn extremes_of_each_type() {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::I8, DType::U8, DType::I64] {
            let x = random(dtype, &[2, 7, 3], 5);
            for op in [Op::ArgMax, Op::ArgMin] {
                for (axis, last, keepdims) in [(1i64, false, true), (-1, true, false), (0, true, true)] {
                    let attrs = attrs! { "axis" => axis, "select_last_index" => last, "keepdims" => keepdims };
                    check(op, &attrs, &[Some(&x)], 0.0);
                }
            }
        }
    }

    #[test]
    fn nan_is_the_extreme() {
        let n = f32::NAN;
        let x = Tensor::from_vec(vec![3, 4], vec![1.0, n, 3.0, n, n, 1.0, 2.0, 0.0, 1.0, 1.0, 0.0, 0.0]).unwrap();
        for op in [Op::ArgMax, Op::ArgMin] {
            for last in [false, true] {
                check(op, &attrs! { "axis" => 1i64, "select_last_index" => last }, &[Some(&x)], 0.0);
            }
        }
    }
}
