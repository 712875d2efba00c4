//! Which cache lines a scheduled nest has fetched from beyond a cache.

use super::nest::{Access, Nest, ceil_div};
use super::schedule::Schedule;

/// Bytes of a line.
const LINE: i64 = 64;

/// Lines that come from beyond caches of these sizes in bytes, for a cache that replaces what was used least recently and
/// any line by any other. What a cache holds as a whole stays there from one call to the next.
///
/// `schedule` is for the dimensions behind the first `shared`, which are loops around it.
pub fn lines<const N: usize>(nest: &Nest, schedule: &Schedule, shared: usize, caches: [i64; N]) -> [f64; N] {
    let tile = |d: usize| d.checked_sub(shared).map_or(1, |d| schedule.tile(d)).min(nest.dims[d].extent).max(1);
    let own = schedule.parallel.iter().chain(&schedule.reduction).map(|d| d + shared);
    let order: Vec<usize> = (0..shared).chain(own).collect();
    let trips = |d: usize| ceil_div(nest.dims[d].extent, tile(d)) as f64;
    // Lines of all iterations of the loops from the one at a place on inwards.
    let touched: Vec<f64> = (0..=order.len())
        .map(|place| {
            let iterations = |d: usize| if order[place..].contains(&d) { nest.dims[d].extent } else { tile(d) };
            nest.accesses().map(|access| touched(access, nest, iterations)).sum()
        })
        .collect();
    caches.map(|bytes| {
        let fits = |lines: &f64| *lines * LINE as f64 <= bytes as f64;
        match touched.iter().position(fits).unwrap_or(order.len()) {
            0 => 0.0,
            // What lasts through one iteration of a loop is there in the next one, if it is of use to that.
            place => touched[place - 1] * order[..place - 1].iter().map(|d| trips(*d)).product::<f64>(),
        }
    })
}

/// Lines that so many iterations of each dimension touch.
fn touched(access: &Access, nest: &Nest, iterations: impl Fn(usize) -> i64) -> f64 {
    let walked = (0..nest.dims.len()).map(|d| (access.strides[d].abs() * access.bytes, iterations(d)));
    let mut walks: Vec<(i64, i64)> = walked.filter(|(step, count)| *step > 0 && *count > 1).collect();
    walks.sort_unstable();
    // Bytes from end to end of what lies together, and how often that is.
    let (mut span, mut apart) = (access.bytes, 1.0);
    for (step, count) in walks {
        // Steps that are shorter than what lies together, or than a line, leave no line out.
        if apart == 1.0 && step <= span.max(LINE) {
            span += step * (count - 1);
        } else {
            apart *= count as f64;
        }
    }
    apart * ((span + LINE - 1) / LINE) as f64
}

#[cfg(test)]
mod tests {
    use super::super::nest::{Dim, Kind};
    use super::super::schedule::{Facts, given};
    use super::*;

    /// A nest of parallel loops over `f32`.
    fn nest(extents: &[i64], accesses: &[&[i64]]) -> Nest {
        let access = |strides: &&[i64]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        let dim = |extent: &i64| Dim { extent: *extent, kind: Kind::Parallel, index_of: None };
        let (inputs, outputs) = accesses.split_at(accesses.len() - 1);
        Nest {
            dims: extents.iter().map(dim).collect(),
            inputs: inputs.iter().map(access).collect(),
            outputs: outputs.iter().map(access).collect(),
        }
    }

    fn in_order(nest: &Nest, order: &[usize]) -> Schedule {
        let facts = Facts {
            vector_bytes: 64,
            registers: 32,
            widest: 4,
            work: 1.0,
            vectorizable: true,
            associative: false,
            reads: vec![true; nest.inputs.len()],
        };
        given(nest, &facts, None, vec![], Some(order.to_vec()))
    }

    #[test]
    fn what_a_cache_holds_stays_in_it() {
        let copy = nest(&[1024], &[&[1], &[1]]);
        let schedule = in_order(&copy, &[0]);
        assert_eq!(lines(&copy, &schedule, 0, [8192, 8191]), [0.0, 128.0]);
    }

    #[test]
    fn a_transposition_fetches_lines_once_or_for_each_element() {
        let (rows, columns) = (1024, 512);
        let transpose = nest(&[rows, columns], &[&[columns, 1], &[1, rows]]);
        let all = (2 * rows * columns * 4 / LINE) as f64;
        let schedule = in_order(&transpose, &[0, 1]);
        // A row takes 32 lines, and one of each row of the result: these last until the next row if there is room.
        let room = (32 + columns) * LINE;
        assert_eq!(
            lines(&transpose, &schedule, 0, [room, room - 1]),
            [all, (rows * (columns * 4 / LINE + columns)) as f64]
        );
    }

    #[test]
    fn an_operand_of_an_inner_loop_is_fetched_for_each_outer_iteration() {
        // Each row is added to the same vector of 64 KiB.
        let add = nest(&[100, 16384], &[&[16384, 1], &[0, 1], &[16384, 1]]);
        let schedule = in_order(&add, &[0, 1]);
        let row = 1024.0;
        assert_eq!(lines(&add, &schedule, 0, [48 << 10, 256 << 10]), [300.0 * row, 201.0 * row]);
    }

    #[test]
    fn windows_that_overlap_are_counted_once() {
        let windows = nest(&[1000, 5], &[&[1, 1], &[5, 1]]);
        assert_eq!(touched(&windows.inputs[0], &windows, |d| windows.dims[d].extent), 63.0);
        // One element of each line, and less than one.
        let columns = nest(&[100], &[&[16], &[32]]);
        assert_eq!(touched(&columns.inputs[0], &columns, |_| 100), 100.0);
        assert_eq!(touched(&columns.outputs[0], &columns, |_| 100), 100.0);
    }
}
