//! Arithmetic in which sums of products are evaluated.

use hwc_runtime::{DType, Tensor};

use super::number::{floats, from_floats, from_integers, integers};

/// Numbers that can be multiplied and added without failing: `f64`, and `i128` modulo 2^128.
pub trait Ring: Copy {
    const ZERO: Self;
    const ONE: Self;
    fn times(self, other: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn read(tensor: &Tensor) -> Vec<Self>;
    fn write(dtype: DType, shape: &[usize], values: Vec<Self>) -> Result<Tensor, String>;
}

impl Ring for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    fn times(self, other: f64) -> f64 {
        self * other
    }
    fn plus(self, other: f64) -> f64 {
        self + other
    }
    fn minus(self, other: f64) -> f64 {
        self - other
    }
    fn read(tensor: &Tensor) -> Vec<f64> {
        floats(tensor)
    }
    fn write(dtype: DType, shape: &[usize], values: Vec<f64>) -> Result<Tensor, String> {
        from_floats(dtype, shape, values)
    }
}

impl Ring for i128 {
    const ZERO: i128 = 0;
    const ONE: i128 = 1;
    fn times(self, other: i128) -> i128 {
        self.wrapping_mul(other)
    }
    fn plus(self, other: i128) -> i128 {
        self.wrapping_add(other)
    }
    fn minus(self, other: i128) -> i128 {
        self.wrapping_sub(other)
    }
    fn read(tensor: &Tensor) -> Vec<i128> {
        integers(tensor)
    }
    fn write(dtype: DType, shape: &[usize], values: Vec<i128>) -> Result<Tensor, String> {
        from_integers(dtype, shape, values)
    }
}

/// Evaluates `function::<f64>` or `function::<i128>`, as the element type of the first argument demands.
macro_rules! in_ring {
    ($dtype:expr, $function:ident ( $($argument:expr),* )) => {
        if $dtype.is_float() { $function::<f64>($($argument),*) } else { $function::<i128>($($argument),*) }
    };
}
pub(super) use in_ring;

/// For each item the sum of the products of the pairs of elements it names.
pub fn sums<T: Ring>(
    lhs: &[T],
    rhs: &[T],
    pairs: impl Iterator<Item = impl IntoIterator<Item = (usize, usize)>>,
) -> Vec<T> {
    pairs.map(|p| p.into_iter().fold(T::ZERO, |sum, (i, j)| sum.plus(lhs[i].times(rhs[j])))).collect()
}
