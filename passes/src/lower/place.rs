//! Indices that are data, as places that are never outside of a tensor.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::ValueLike;

use super::{Emitter, Order};
use crate::codegen::ir::Val;

/// An integer element as `index`; what is too large for one is as large as can be.
pub fn as_index<'c>(e: &Emitter<'c>, dtype: DType, value: Val<'c>) -> Val<'c> {
    match dtype.kind() {
        Kind::Unsigned if dtype.bits() == 64 => {
            let largest = e.int(value.r#type(), i64::MAX);
            e.cast("arith.index_castui", e.same("arith.minui", &[value, largest]), e.index_type())
        }
        Kind::Unsigned => e.cast("arith.index_castui", value, e.index_type()),
        _ => e.cast("arith.index_cast", value, e.index_type()),
    }
}

/// An index that counts from the end where it is negative, as one from the front; it may lie outside.
fn from_front<'c>(e: &Emitter<'c>, dtype: DType, value: Val<'c>, size: usize) -> Val<'c> {
    let index = as_index(e, dtype, value);
    if dtype.is_unsigned() {
        return index;
    }
    let negative = e.compare_signed(Order::Less, index, e.index(0));
    let wrapped = e.same("arith.addi", &[index, e.index(size as i64)]);
    e.select(negative, wrapped, index)
}

/// The nearest place on an axis of `size` elements, one at least.
pub fn clamp<'c>(e: &Emitter<'c>, index: Val<'c>, size: usize) -> Val<'c> {
    let index = e.same("arith.maxsi", &[index, e.index(0)]);
    e.same("arith.minsi", &[index, e.index(size as i64 - 1)])
}

/// Where an index reads on an axis of `size` elements, one at least.
pub fn read_at<'c>(e: &Emitter<'c>, dtype: DType, value: Val<'c>, size: usize) -> Val<'c> {
    clamp(e, from_front(e, dtype, value, size), size)
}

/// Where an index writes on an axis of `size` elements, one at least, and whether it does: where not, the place is
/// any on the axis.
pub fn write_at<'c>(e: &Emitter<'c>, dtype: DType, value: Val<'c>, size: usize) -> (Val<'c>, Val<'c>) {
    let index = from_front(e, dtype, value, size);
    let place = clamp(e, index, size);
    (place, e.compare_signed(Order::Equal, index, place))
}
