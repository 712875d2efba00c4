//! Walking over the positions of a shape.

/// Every position of a shape, last dimension fastest. A shape of rank 0 has one position.
pub fn positions(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
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

/// The flat indices of each line along an axis, lines in row-major order of where they start.
pub fn lines(shape: &[usize], axis: usize) -> impl Iterator<Item = Vec<usize>> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let length = shape[axis];
    (0..outer).flat_map(move |o| (0..inner).map(move |i| (0..length).map(|l| (o * length + l) * inner + i).collect()))
}

/// For each position of a broadcast result of this shape, in row-major order, where it reads in an operand.
pub fn broadcast_indices(shape: &[usize], operand: &[usize]) -> impl Iterator<Item = usize> + use<> {
    // How far a step along each dimension moves in the operand; 0 along a broadcast one.
    let mut steps = vec![0; shape.len()];
    let mut step = 1;
    for (slot, &n) in steps.iter_mut().rev().zip(operand.iter().rev()) {
        *slot = if n == 1 { 0 } else { step };
        step *= n;
    }
    let shape = shape.to_vec();
    let mut position = vec![0; shape.len()];
    let mut at = 0;
    (0..shape.iter().product()).map(move |_| {
        let current = at;
        for d in (0..shape.len()).rev() {
            position[d] += 1;
            at += steps[d];
            if position[d] < shape[d] {
                break;
            }
            at -= steps[d] * shape[d];
            position[d] = 0;
        }
        current
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_walks_agree() {
        let shape = [2, 3, 2];
        for operand in [&[2, 3, 2][..], &[3, 1], &[2, 1, 2], &[1], &[]] {
            let expected: Vec<_> = positions(&shape).map(|p| broadcast_flat(&p, operand)).collect();
            assert_eq!(broadcast_indices(&shape, operand).collect::<Vec<_>>(), expected, "{operand:?}");
        }
        assert_eq!(broadcast_indices(&[], &[]).collect::<Vec<_>>(), [0]);
        assert_eq!(broadcast_indices(&[0, 3], &[1, 3]).count(), 0);
    }

    #[test]
    fn walks_in_row_major_order() {
        let all: Vec<_> = positions(&[2, 2]).collect();
        assert_eq!(all, [[0, 0], [0, 1], [1, 0], [1, 1]]);
        assert_eq!(positions(&[]).count(), 1);
        assert_eq!(positions(&[3, 0]).count(), 0);
        assert_eq!(flat(&[1, 2], &[2, 3]), 5);
        assert_eq!(broadcast_flat(&[1, 2, 3], &[3, 1]), 2);
    }

    #[test]
    fn lines_run_along_an_axis() {
        let all = |axis| lines(&[2, 1, 3], axis).collect::<Vec<_>>();
        assert_eq!(all(2), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(all(0), [[0, 3], [1, 4], [2, 5]]);
        assert_eq!(lines(&[0, 2], 0).collect::<Vec<_>>(), [[0; 0], [0; 0]]);
    }
}
