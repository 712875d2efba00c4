//! Images read at points between their pixels.

use melior::ir::ValueLike;

use super::{Emitter, Order};

use crate::codegen::ir::Val;

/// A number in the bounds of an axis as an index: NaN and what is below is 0, what is above the last element.
pub fn clamped_index<'c>(emit: &Emitter<'c>, value: Val<'c>, size: usize) -> Val<'c> {
    let bound = |name: &str, value: Val<'c>, bound: f64| emit.same(name, &[value, emit.float(value.r#type(), bound)]);
    let inside = bound("arith.minnumf", bound("arith.maxnumf", value, 0.0), size.saturating_sub(1) as f64);
    let integer = emit.cast("arith.fptosi", inside, emit.integer_type(64));
    emit.cast("arith.index_cast", integer, emit.index_type())
}

/// Whether a number is one of the elements of an axis.
fn inside<'c>(emit: &Emitter<'c>, value: Val<'c>, size: usize) -> Val<'c> {
    let ty = value.r#type();
    let low = emit.compare_floats(Order::LessOrEqual, emit.zero(ty), value);
    let high = emit.compare_floats(Order::LessOrEqual, value, emit.float(ty, size as f64 - 1.0));
    emit.andi(low, high)
}

/// The image of `height` times `width` pixels at a point, interpolated linearly, zero outside. `pixel` reads one.
pub fn bilinear<'c>(
    emit: &Emitter<'c>,
    (height, width): (usize, usize),
    (y, x): (Val<'c>, Val<'c>),
    pixel: impl Fn(&Emitter<'c>, Val<'c>, Val<'c>) -> Val<'c>,
) -> Val<'c> {
    let one = emit.float(y.r#type(), 1.0);
    // For each axis its two neighbours: where, whether inside, and with what weight.
    let axis = |value: Val<'c>, size: usize| {
        let low = emit.same("math.floor", &[value]);
        let part = emit.subf(value, low);
        let rest = emit.subf(one, part);
        let high = emit.addf(low, one);
        [(low, rest), (high, part)].map(|(at, weight)| (clamped_index(emit, at, size), inside(emit, at, size), weight))
    };
    let (rows, columns) = (axis(y, height), axis(x, width));
    let mut sum = emit.zero(y.r#type());
    for (row, row_inside, row_weight) in rows {
        for (column, column_inside, column_weight) in columns {
            let exists = emit.andi(row_inside, column_inside);
            let value = emit.select(exists, pixel(emit, row, column), emit.zero(y.r#type()));
            let weight = emit.mulf(row_weight, column_weight);
            sum = emit.addf(sum, emit.mulf(weight, value));
        }
    }
    sum
}
