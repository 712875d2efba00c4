//! Winograd's convolution F(4x4, 3x3): 4 by 4 results of a 3 by 3 window from 36 products instead of 144.
//!
//! `Y = A (U * V) A^T` elementwise, with `U = G w G^T` of the filter and `V = B d B^T` of 6 by 6 numbers of the image
//! (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks"; the matrices are Toom and Cook's). They evaluate
//! polynomials at five points and at infinity. What is lost to rounding depends on the points: for 0, +-3/4, +-3/2 the
//! largest error in `f32` is about 2e-6 of the largest result for random images of 96 channels, a fifth of that for the
//! usual 0, +-1, +-2. All entries of `A` and `B` are exact in `f32`.

use hwc_runtime::Tensor;

use crate::reference::number::{floats, from_floats};

/// Results of a tile, taps of a window, and numbers of the image under a tile, along one dimension.
pub const OUTPUTS: usize = 4;
pub const TAPS: usize = 3;
pub const TILE: usize = OUTPUTS + TAPS - 1;

/// The points besides zero and infinity are these two and their negatives.
pub const NEAR: f64 = 0.75;
pub const FAR: f64 = 1.5;

const POINTS: [f64; TILE - 1] = [0.0, NEAR, -NEAR, FAR, -FAR];

/// `A`: from a transformed tile to results.
pub fn output_matrix() -> [[f64; TILE]; OUTPUTS] {
    std::array::from_fn(|i| {
        std::array::from_fn(|j| match POINTS.get(j) {
            Some(point) => point.powi(i as i32),
            // Infinity: the highest power only.
            None => f64::from(u8::from(i + 1 == OUTPUTS)),
        })
    })
}

/// `B`: from numbers of the image to a transformed tile. Row `j` has the coefficients of the product of `x - p` over all
/// points `p` but the `j`-th.
pub fn input_matrix() -> [[f64; TILE]; TILE] {
    std::array::from_fn(|j| {
        let mut row = [0.0; TILE];
        row[0] = 1.0;
        for (_, point) in POINTS.iter().enumerate().filter(|(k, _)| *k != j) {
            for i in (0..TILE).rev() {
                row[i] = if i > 0 { row[i - 1] } else { 0.0 } - point * row[i];
            }
        }
        row
    })
}

/// `G`: from a window to a transformed one.
pub fn filter_matrix() -> [[f64; TAPS]; TILE] {
    std::array::from_fn(|j| {
        std::array::from_fn(|i| match POINTS.get(j) {
            Some(point) => {
                let others = POINTS.iter().enumerate().filter(|(k, _)| *k != j).map(|(_, other)| point - other);
                point.powi(i as i32) / others.product::<f64>()
            }
            None => f64::from(u8::from(i + 1 == TAPS)),
        })
    })
}

/// The filter `[3, 3, C, F]` of a convolution whose channels come last as `[6, 6, C, F]`, in `f64` and rounded once.
///
/// # Errors
/// Where the filter has another shape.
pub fn transformed(filter: &Tensor) -> Result<Tensor, String> {
    let &[TAPS, TAPS, channels, filters] = filter.shape() else {
        return Err(format!("needs a filter of 3 by 3 taps, got one of shape {:?}", filter.shape()));
    };
    let (matrix, weights, inner) = (filter_matrix(), floats(filter), channels * filters);
    let mut result = vec![0.0; TILE * TILE * inner];
    for (at, row) in result.chunks_exact_mut(inner.max(1)).enumerate() {
        let (a, b) = (at / TILE, at % TILE);
        for (tap, weights) in weights.chunks_exact(inner.max(1)).enumerate() {
            let factor = matrix[a][tap / TAPS] * matrix[b][tap % TAPS];
            row.iter_mut().zip(weights).for_each(|(sum, w)| *sum += factor * w);
        }
    }
    from_floats(filter.dtype(), &[TILE, TILE, channels, filters], result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One dimension: `A (G w * B d)` is the convolution of `d` with `w`.
    #[test]
    fn the_matrices_convolve() {
        let (a, b, g) = (output_matrix(), input_matrix(), filter_matrix());
        let (d, w) = ([0.3, -1.0, 2.0, 0.7, -0.4, 1.1], [0.5, -2.0, 1.25]);
        let product: [f64; TILE] = std::array::from_fn(|j| {
            let u: f64 = (0..TAPS).map(|i| g[j][i] * w[i]).sum();
            let v: f64 = (0..TILE).map(|i| b[j][i] * d[i]).sum();
            u * v
        });
        for i in 0..OUTPUTS {
            let got: f64 = (0..TILE).map(|j| a[i][j] * product[j]).sum();
            let expected: f64 = (0..TAPS).map(|t| d[i + t] * w[t]).sum();
            assert!((got - expected).abs() < 1e-12, "{i}: {got} {expected}");
        }
    }

    #[test]
    fn entries_are_exact() {
        for entry in output_matrix().into_iter().chain(input_matrix()).flatten() {
            assert_eq!(f64::from(entry as f32), entry);
        }
    }
}
