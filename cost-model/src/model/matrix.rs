//! Matrices of `f32`, row by row, and their products.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

/// Rows of numbers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub cols: usize,
    /// `rows * cols` numbers.
    pub data: Vec<f32>,
}

/// A matrix, or its transposed one.
#[derive(Clone, Copy)]
pub(crate) enum Read<'a> {
    Plain(&'a Matrix),
    Transposed(&'a Matrix),
}

impl<'a> Read<'a> {
    fn view(self) -> Option<ArrayView2<'a, f32>> {
        let view = |m: &'a Matrix| ArrayView2::from_shape((m.rows, m.cols), &m.data).ok();
        match self {
            Read::Plain(m) => view(m),
            Read::Transposed(m) => view(m).map(ArrayView2::reversed_axes),
        }
    }
}

impl Matrix {
    pub fn new(rows: usize, cols: usize, data: Vec<f32>) -> Matrix {
        debug_assert_eq!(data.len(), rows * cols);
        Matrix { rows, cols, data }
    }

    pub fn zeros(rows: usize, cols: usize) -> Matrix {
        Matrix { rows, cols, data: vec![0.0; rows * cols] }
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.cols..(row + 1) * self.cols]
    }

    pub fn add(&mut self, other: &Matrix) {
        self.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a += b);
    }

    /// Adds a product; its sizes must agree.
    pub fn add_product(&mut self, a: Read, b: Read) {
        let to = ArrayViewMut2::from_shape((self.rows, self.cols), &mut self.data).ok();
        if let (Some(a), Some(b), Some(mut to)) = (a.view(), b.view(), to) {
            general_mat_mul(1.0, &a, &b, 1.0, &mut to);
        }
    }
}
