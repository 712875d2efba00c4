//! Another order of the elements of a constant.

use std::io::{self, Write};
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Elements in the order in which they are stored: for each iteration of `outer`, all runs one after another. Every
/// element is listed once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// Extent and stride in elements of the original, outermost first.
    pub outer: Vec<(i64, i64)>,
    pub runs: Vec<Run>,
}

/// Elements at `offset + sum(stride * i)`, the last dimension fastest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    pub offset: i64,
    /// Extent and stride, outermost first.
    pub dims: Vec<(i64, i64)>,
}

impl Order {
    /// Calls `each` with the numbers, in the original, of elements that stand together there too, in the order in which
    /// they are stored.
    fn try_for_each<E>(&self, mut each: impl FnMut(Range<usize>) -> Result<(), E>) -> Result<(), E> {
        visit(&self.outer, 0, &mut |start| {
            self.runs.iter().try_for_each(|run| {
                let (length, dims) = match run.dims.split_last() {
                    Some((&(extent, 1), outer)) => (extent as usize, outer),
                    _ => (1, &run.dims[..]),
                };
                visit(dims, start + run.offset, &mut |at| each(at as usize..at as usize + length))
            })
        })
    }

    /// Writes `data`, of `width` bytes an element, in this order.
    pub fn write(&self, data: &[u8], width: usize, out: &mut dyn Write) -> io::Result<()> {
        const CHUNK: usize = 1 << 16;
        let mut buffer = Vec::with_capacity(CHUNK + width);
        self.try_for_each(|together| -> io::Result<()> {
            let elements = data.get(together.start * width..together.end * width);
            buffer.extend_from_slice(elements.ok_or_else(|| io::Error::other("an order beyond its constant"))?);
            if buffer.len() < CHUNK {
                return Ok(());
            }
            out.write_all(&buffer)?;
            buffer.clear();
            Ok(())
        })?;
        out.write_all(&buffer)
    }
}

fn visit<E>(dims: &[(i64, i64)], start: i64, each: &mut impl FnMut(i64) -> Result<(), E>) -> Result<(), E> {
    let Some(((extent, stride), inner)) = dims.split_first() else { return each(start) };
    (0..*extent).try_for_each(|i| visit(inner, start + i * stride, each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_of_a_matrix() {
        // Two rows of five columns, in panels of two columns.
        let order = Order {
            outer: vec![],
            runs: vec![
                Run { offset: 0, dims: vec![(2, 2), (2, 5), (2, 1)] },
                Run { offset: 4, dims: vec![(1, 1), (2, 5), (1, 1)] },
            ],
        };
        let mut out = Vec::new();
        order.write(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1, &mut out).unwrap();
        assert_eq!(out, [0, 1, 5, 6, 2, 3, 7, 8, 4, 9]);
    }

    #[test]
    fn an_order_beyond_its_constant_is_an_error() {
        let order = Order { outer: vec![], runs: vec![Run { offset: 0, dims: vec![(3, 1)] }] };
        assert!(order.write(&[0, 1], 1, &mut Vec::new()).is_err());
    }
}
