//! Walking over the positions of a shape.

/// Every position of a shape, last dimension fastest. A shape of rank 0 has one position.
pub fn positions(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let shape = shape.to_vec();
    let count: usize = shape.iter().product();
    (0..count).map(move |mut flat| {
        let mut position = vec![0; shape.len()];
        for (p, &n) in position.iter_mut().zip(&shape).rev() {
            *p = flat % n;
            flat /= n;
        }
        position
    })
}

/// Where a position stands in a row-major tensor of this shape.
pub fn flat(position: &[usize], shape: &[usize]) -> usize {
    position.iter().zip(shape).fold(0, |acc, (&p, &n)| acc * n + p)
}

/// Where a position of a broadcast result reads in an operand of this shape.
pub fn broadcast_flat(position: &[usize], operand: &[usize]) -> usize {
    let skip = position.len() - operand.len();
    position[skip..].iter().zip(operand).fold(0, |acc, (&p, &n)| acc * n + if n == 1 { 0 } else { p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_in_row_major_order() {
        let all: Vec<_> = positions(&[2, 2]).collect();
        assert_eq!(all, [[0, 0], [0, 1], [1, 0], [1, 1]]);
        assert_eq!(positions(&[]).count(), 1);
        assert_eq!(positions(&[3, 0]).count(), 0);
        assert_eq!(flat(&[1, 2], &[2, 3]), 5);
        assert_eq!(broadcast_flat(&[1, 2, 3], &[3, 1]), 2);
    }
}
