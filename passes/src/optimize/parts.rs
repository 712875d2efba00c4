//! Cuts a graph into parts such that what is repeated, like the layers of a transformer, is the same part again.
//!
//! Operations stand in the order in which they are computed. With a distance `p`, an operation is the same as the one `p`
//! later if both do the same to operands that stand as far before them, are the same, or are farther away than `p`. The
//! longest run of such operations is a period that repeats; it is cut out where the fewest values cross, and what stands
//! before and behind it is cut up in the same way.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::codegen::ir;
use crate::egraph::module::{Part, is_operation, own};
use crate::graph::GraphError;

/// A period of fewer operations is no layer.
const SHORTEST: usize = 8;

/// The parts of a block, in order.
pub fn parts<'c>(block: ir::Blk<'c>) -> Vec<Part<'c>> {
    let operations: Vec<ir::Op> = ir::block_ops(block).into_iter().filter(|op| is_operation(*op)).collect();
    let steps = steps(&operations);
    let mut cuts = vec![];
    cut(&steps, 0, steps.len(), &mut cuts);
    cuts.push(operations.len());
    cuts.sort_unstable();
    cuts.dedup();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ranges = starts.zip(cuts.iter().copied()).filter(|(start, end)| start < end);
    ranges.map(|(start, end)| Part::new(operations[start..end].to_vec())).collect()
}

/// Numbers for parts, the same for those that compute the same.
///
/// # Errors
/// Where an operation is none of the dialect's or not well formed.
pub fn numbers(parts: &[Part]) -> Result<Vec<usize>, GraphError> {
    let mut numbers: HashMap<Vec<usize>, usize> = HashMap::new();
    let number = |part: &Part| {
        let next = numbers.len();
        Ok(*numbers.entry(part.signature()?).or_insert(next))
    };
    parts.iter().map(number).collect()
}

/// An operation as far as repetition goes.
struct Step {
    /// What it does, whatever its operands.
    own: u64,
    /// Where its operands are made, by how many operations before; none for constants and arguments.
    distances: Vec<Option<usize>>,
    /// Operations up to this one, by number, whose results are read by this one or later ones.
    crossing: usize,
}

fn steps(operations: &[ir::Op]) -> Vec<Step> {
    let numbers: HashMap<usize, usize> = operations.iter().enumerate().map(|(i, op)| (ir::op_key(*op), i)).collect();
    let maker = |value: ir::Val| ir::defining_op(value).and_then(|op| numbers.get(&ir::op_key(op)).copied());
    let mut last_read: Vec<usize> = vec![0; operations.len()];
    for (i, operation) in operations.iter().enumerate() {
        for made in ir::operands(*operation).into_iter().filter_map(maker) {
            last_read[made] = i;
        }
    }
    let mut open: HashSet<usize> = HashSet::new();
    let mut steps = vec![];
    for (i, operation) in operations.iter().enumerate() {
        open.retain(|made| last_read[*made] >= i);
        let mut hasher = DefaultHasher::new();
        own(*operation).unwrap_or_default().hash(&mut hasher);
        let distances = ir::operands(*operation).into_iter().map(|value| maker(value).map(|made| i - made)).collect();
        steps.push(Step { own: hasher.finish(), distances, crossing: open.len() });
        open.insert(i);
    }
    steps
}

/// Whether two operations do the same, `period` operations apart: of operands as far before them, of the same operands,
/// or of operands from outside.
fn same(a: &Step, b: &Step, period: usize) -> bool {
    let same = |(a, b): (&Option<usize>, &Option<usize>)| match (a, b) {
        (Some(a), Some(b)) => a == b || *b == a + period || (*a > period && *b > period),
        (None, None) => true,
        _ => false,
    };
    a.own == b.own && a.distances.len() == b.distances.len() && a.distances.iter().zip(&b.distances).all(same)
}

/// Adds the places between parts of the operations from `start` to `end`.
fn cut(steps: &[Step], start: usize, end: usize, cuts: &mut Vec<usize>) {
    // The period that saves most, where it begins, and how many operations it covers.
    let mut best: Option<(usize, usize, usize, usize)> = None;
    for period in SHORTEST..=(end - start) / 2 {
        let mut run = 0;
        for i in start..end - period {
            run = if same(&steps[i], &steps[i + period], period) { run + 1 } else { 0 };
            let times = (run + period) / period;
            let saved = (times - 1) * period;
            if times >= 2 && best.is_none_or(|(most, ..)| saved > most) {
                best = Some((saved, period, i + 1 - run, run + period));
            }
        }
    }
    let Some((_, period, first, length)) = best else { return };
    // The same number of whole periods may begin at several places.
    let slack = length % period;
    let begin = (first..=first + slack).min_by_key(|i| (steps[*i].crossing, *i)).unwrap_or(first);
    let times = (first + length - begin) / period;
    let finish = begin + times * period;
    cuts.extend((0..=times).map(|i| begin + i * period));
    if begin > start {
        cut(steps, start, begin, cuts);
    }
    if finish < end {
        cut(steps, finish, end, cuts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::graphs::decoder;

    fn step(own: u64, distances: &[usize]) -> Step {
        Step { own, distances: distances.iter().map(|d| Some(*d)).collect(), crossing: usize::from(own != 1) }
    }

    fn cuts(steps: &[Step]) -> Vec<usize> {
        let mut cuts = vec![];
        cut(steps, 0, steps.len(), &mut cuts);
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    #[test]
    fn layers_are_found_between_other_operations() {
        // A head, three layers of ten operations that read a value of the head too, and a tail.
        let mut steps = vec![step(100, &[]), step(101, &[1]), step(102, &[1])];
        for layer in 0..3 {
            steps.extend((1..=10).map(|own| step(own, if own == 5 { &[1, 4] } else { &[1] })));
            // The value of the head is ever farther away.
            steps[3 + layer * 10 + 6].distances.push(Some(9 + layer * 10));
        }
        steps.push(step(103, &[1]));
        let cuts = cuts(&steps);
        assert!(cuts.contains(&13) && cuts.contains(&23), "{cuts:?}");
    }

    #[test]
    fn what_does_not_repeat_is_one_part() {
        let steps: Vec<Step> = (0..30).map(|own| step(own, &[1])).collect();
        assert!(cuts(&steps).is_empty());
        assert!(cuts(&[]).is_empty());
    }

    #[test]
    fn equal_layers_are_one_part() {
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let module = melior::ir::Module::parse(&context, &decoder(24)).unwrap();
        let main = ir::functions(ir::module_op(&module))[0];
        let parts = parts(ir::entry(main).unwrap());
        let numbers = numbers(&parts).unwrap();
        let mut times = vec![0; numbers.len()];
        numbers.iter().for_each(|number| times[*number] += 1);
        let (layer, times) = times.iter().enumerate().max_by_key(|(_, times)| **times).unwrap();
        // Cut in their middles, they leave a part of one at either end.
        let layer = numbers.iter().position(|number| *number == layer).unwrap();
        let sizes: Vec<(usize, usize)> = parts.iter().zip(&numbers).map(|(p, n)| (p.operations.len(), *n)).collect();
        assert!(*times >= 23 && parts.len() <= times + 2, "{sizes:?}");
        assert_eq!(parts[layer].operations.len(), 52);
    }
}
