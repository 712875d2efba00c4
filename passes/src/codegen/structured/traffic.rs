//! Which cache lines a scheduled nest has fetched from beyond a cache.

use super::nest::{Access, Nest, ceil_div};
use super::schedule::Schedule;

/// Bytes of a line.
const LINE: i64 = 64;

/// Lines of a page, and so sets of a cache that bits of an address within its page tell apart: all sets of a first-level
/// cache, each 1 / 16 of those of a second-level cache of 16 ways and 1 MiB.
const SETS: i64 = 64;

/// Lines that come from beyond caches of these sizes in bytes, the nearest first, for caches that replace what was used least
/// recently. What a cache holds as a whole stays there from one call to the next. In the two nearest the address decides
/// which few lines one may replace, so that columns of a matrix whose rows are a power of two apart may not stay there; in
/// the last, which hashes addresses, any.
///
/// `schedule` is for the dimensions behind the first `shared`, which are loops around it. `packed` are the numbers of inputs
/// that are copied to where they are read one after the other.
pub fn lines(nest: &Nest, schedule: &Schedule, shared: usize, packed: &[usize], caches: [i64; 3]) -> [f64; 3] {
    let tile = |d: usize| d.checked_sub(shared).map_or(1, |d| schedule.tile(d)).min(nest.dims[d].extent).max(1);
    let own = schedule.parallel.iter().chain(&schedule.reduction).map(|d| d + shared);
    let order: Vec<usize> = (0..shared).chain(own).collect();
    let trips = |d: usize| ceil_div(nest.dims[d].extent, tile(d)) as f64;
    // What each access touches in all iterations of the loops from the one at a place on inwards.
    let touched: Vec<Vec<Touched>> = (0..=order.len())
        .map(|place| {
            let iterations = |d: usize| if order[place..].contains(&d) { nest.dims[d].extent } else { tile(d) };
            let touched = |(number, access): (usize, &Access)| {
                if packed.contains(&number) {
                    Touched::of_packed(access, nest, iterations)
                } else {
                    Touched::of(access, nest, iterations)
                }
            };
            nest.accesses().enumerate().map(touched).collect()
        })
        .collect();
    let all: Vec<f64> = touched.iter().map(|accesses| accesses.iter().map(|a| a.lines).sum()).collect();
    let fetched = |access: usize, bytes: i64, is_hashed: bool| {
        let room = (bytes / LINE) as f64;
        let fits = |place: usize| {
            let own = &touched[place][access];
            all[place] - own.lines + if is_hashed { own.lines } else { own.room() } <= room
        };
        match (0..=order.len()).find(|place| fits(*place)).unwrap_or(order.len()) {
            0 => 0.0,
            // What lasts through one iteration of a loop is there in the next one, if it is of use to that.
            place => touched[place - 1][access].lines * order[..place - 1].iter().map(|d| trips(*d)).product::<f64>(),
        }
    };
    let of = |bytes: i64, is_hashed: bool| (0..touched[0].len()).map(|access| fetched(access, bytes, is_hashed)).sum();
    let [first, second, third] = caches;
    [of(first, false), of(second, false), of(third, true)]
}

/// What an access touches.
struct Touched {
    lines: f64,
    /// Of [`SETS`], those that its lines are in.
    sets: u64,
}

impl Touched {
    /// By so many iterations of each dimension.
    fn of(access: &Access, nest: &Nest, iterations: impl Fn(usize) -> i64) -> Touched {
        let walked = (0..nest.dims.len()).map(|d| (access.strides[d].abs() * access.bytes, iterations(d)));
        let mut walks: Vec<(i64, i64)> = walked.filter(|(step, count)| *step > 0 && *count > 1).collect();
        walks.sort_unstable();
        // Bytes from end to end of what lies together, and how often that is.
        let (mut span, mut apart) = (access.bytes, vec![]);
        for (step, count) in walks {
            // Steps that are shorter than what lies together, or than a line, leave no line out.
            if apart.is_empty() && step <= span.max(LINE) {
                span += step * (count - 1);
            } else {
                apart.push((step, count));
            }
        }
        let Touched { lines, mut sets } = Touched::together(span);
        for (step, count) in &apart {
            // Twice as many steps at a time.
            let mut done = 1;
            while done < *count && sets != u64::MAX {
                let more = done.min(count - done);
                sets |= sets.rotate_left((more * step / LINE % SETS) as u32);
                done += more;
            }
        }
        Touched { lines: lines * apart.iter().map(|(_, count)| *count as f64).product::<f64>(), sets }
    }

    /// The same of what lies in the order in which it is read.
    fn of_packed(access: &Access, nest: &Nest, iterations: impl Fn(usize) -> i64) -> Touched {
        let walked = (0..nest.dims.len()).filter(|d| access.strides[*d] != 0);
        Touched::together(walked.map(iterations).fold(access.bytes, i64::saturating_mul))
    }

    /// By so many bytes that lie together.
    fn together(bytes: i64) -> Touched {
        let lines = bytes.saturating_add(LINE - 1) / LINE;
        Touched { lines: lines as f64, sets: if lines >= SETS { u64::MAX } else { (1 << lines.max(1)) - 1 } }
    }

    /// Lines of a cache that it takes to keep these: those of other sets do not help.
    fn room(&self) -> f64 {
        let each = self.lines / f64::from(self.sets.count_ones());
        self.lines.max((each - 1.0) * SETS as f64)
    }
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
        assert_eq!(lines(&copy, &schedule, 0, &[], [8192, 8191, 8191]), [0.0, 128.0, 128.0]);
    }

    #[test]
    fn a_transposition_fetches_lines_once_or_for_each_element() {
        let (rows, columns) = (1024, 512);
        let transpose = nest(&[rows, columns], &[&[columns, 1], &[1, rows]]);
        let all = (2 * rows * columns * 4 / LINE) as f64;
        let schedule = in_order(&transpose, &[0, 1]);
        // A row takes 32 lines, and one of each row of the result: these last until the next row if there is room.
        let room = (32 + columns) * LINE;
        let each = (rows * (columns * 4 / LINE + columns)) as f64;
        let third = |bytes| lines(&transpose, &schedule, 0, &[], [0, 0, bytes])[2];
        assert_eq!((third(room), third(room - 1)), (all, each));
        // The result's rows are a page apart, so all of a column are in one set; the other operand stays.
        let kept = (2 * room).max(8 * columns * LINE);
        let [first, ..] = lines(&transpose, &schedule, 0, &[], [kept, 0, 0]);
        assert_eq!(first, all / 2.0 + (rows * columns) as f64);
        assert_eq!(lines(&transpose, &schedule, 0, &[], [2 * SETS * columns * LINE, 0, 0])[0], 0.0);
    }

    #[test]
    fn rows_a_few_lines_longer_than_a_power_of_two_are_in_all_sets() {
        let sets = |columns: i64| {
            let column = nest(&[64, columns], &[&[columns, 1], &[columns, 1]]);
            let touched = Touched::of(&column.inputs[0], &column, |d| [64, 1][d]);
            (touched.lines, touched.sets.count_ones(), touched.room())
        };
        assert_eq!(sets(1024), (64.0, 1, 63.0 * 64.0));
        assert_eq!(sets(512), (64.0, 2, 31.0 * 64.0));
        assert_eq!(sets(1024 + 16), (64.0, 64, 64.0));
    }

    #[test]
    fn packed_columns_lie_together() {
        let column = nest(&[64, 1024], &[&[1024, 1], &[1024, 1]]);
        let touched = Touched::of_packed(&column.inputs[0], &column, |d| [64, 16][d]);
        assert_eq!((touched.lines, touched.sets.count_ones()), (64.0, 64));
    }

    #[test]
    fn an_operand_of_an_inner_loop_is_fetched_for_each_outer_iteration() {
        // Each row is added to the same vector of 64 KiB.
        let add = nest(&[100, 16384], &[&[16384, 1], &[0, 1], &[16384, 1]]);
        let schedule = in_order(&add, &[0, 1]);
        let row = 1024.0;
        assert_eq!(
            lines(&add, &schedule, 0, &[], [48 << 10, 256 << 10, 256 << 10]),
            [300.0 * row, 201.0 * row, 201.0 * row]
        );
    }

    #[test]
    fn windows_that_overlap_are_counted_once() {
        let windows = nest(&[1000, 5], &[&[1, 1], &[5, 1]]);
        assert_eq!(Touched::of(&windows.inputs[0], &windows, |d| windows.dims[d].extent).lines, 63.0);
        // One element of each line, and less than one.
        let columns = nest(&[100], &[&[16], &[32]]);
        assert_eq!(Touched::of(&columns.inputs[0], &columns, |_| 100).lines, 100.0);
        assert_eq!(Touched::of(&columns.outputs[0], &columns, |_| 100).lines, 100.0);
    }
}
