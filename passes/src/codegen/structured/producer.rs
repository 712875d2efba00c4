//! Merges the elementwise operation that a reduction reads into the reduction, where its result is needed elsewhere too:
//! one nest stores the powers of a softmax and sums them.
//!
//! An elementwise operation whose result only the reduction reads is part of its body already (`fusion`).

use super::{
    analyze::{Operand, Structured},
    memory_use::{root, touches, writes},
    nest::Kind,
    stages::{Feed, Stage, between, input_roots, is_stage, same_dims, translated},
};
use crate::codegen::ir::Val;

/// The elementwise operation whose result a reduction reads, if both can be one nest.
pub fn find<'c, 'a>(reduction: &Structured<'c>, all: &'a [Structured<'c>]) -> Option<&'a Structured<'c>> {
    all.iter().rev().find(|found| {
        found.op != reduction.op && between(found.op, reduction.op).is_some() && may_merge(reduction, found).is_some()
    })
}

fn may_merge<'c>(reduction: &Structured<'c>, found: &Structured<'c>) -> Option<()> {
    let ([buffer], [written]) = (&found.outputs[..], &found.nest.outputs[..]) else { return None };
    let memory = root(*buffer)?;
    let dims = read_dims(reduction, found, *buffer)?;
    let (reads, read_by_reduction) = (input_roots(found)?, input_roots(reduction)?);
    let own: Option<Vec<Val>> = reduction.outputs.iter().map(|output| root(*output)).collect();
    // Each element is computed once, by the iteration that reads it, and what it is computed of lies as well.
    let vectors_stay = found
        .nest
        .inputs
        .iter()
        .all(|access| (0..dims.len()).all(|d| written.strides[d] != 1 || matches!(access.strides[d], 0 | 1)));
    let overwrites_only_itself = found.inputs.iter().zip(&found.nest.inputs).all(|(input, access)| match input {
        Operand::Buffer(input) => root(*input) != Some(memory) || (input == buffer && access == written),
        Operand::Value(_) | Operand::Computed(_) => true,
    });
    let looks: usize = reduction.inputs.iter().filter(|input| **input == Operand::Buffer(*buffer)).count();
    let keeps_apart = read_by_reduction.iter().filter(|r| **r == memory).count() == looks
        && own?.iter().all(|output| *output != memory && !reads.contains(output));
    // The nest may stand later than the reduction did, and nobody may miss the result until then.
    let between = between(found.op, reduction.place.unwrap_or(reduction.op))?;
    let is_quiet = between
        .iter()
        .filter(|op| **op != reduction.op)
        .all(|op| !touches(*op, memory) && reads.iter().all(|r| !writes(*op, *r)));
    let is_simple = is_stage(found) && reduction.body.as_ref()?.vectorizable && reduction.during.is_none();
    (is_simple && vectors_stay && overwrites_only_itself && keeps_apart && is_quiet).then_some(())
}

/// For each dimension of `found` that of the reduction, if every iteration reads its own element of the result.
fn read_dims<'c>(reduction: &Structured<'c>, found: &Structured<'c>, buffer: Val<'c>) -> Option<Vec<Option<usize>>> {
    let looks = reduction.inputs.iter().zip(&reduction.nest.inputs);
    let mut looks = looks.filter(|(input, _)| **input == Operand::Buffer(buffer)).map(|(_, access)| access);
    let first = looks.next()?;
    if looks.any(|access| access != first) {
        return None;
    }
    same_dims(&found.nest, found.nest.outputs.first()?, &reduction.nest, first, &[Kind::Parallel, Kind::Reduction])
}

/// Makes `found` a part of the reduction.
pub fn absorb<'c>(reduction: &mut Structured<'c>, found: &Structured<'c>) {
    let [buffer] = found.outputs[..] else { return };
    let (Some(dims), Some(body)) = (read_dims(reduction, found, buffer), found.body.clone()) else { return };
    let count = reduction.nest.dims.len();
    for (input, access) in reduction.inputs.iter_mut().zip(&mut reduction.nest.inputs) {
        if *input == Operand::Buffer(buffer) {
            *input = Operand::Computed(0);
            access.strides.fill(0);
        }
    }
    let mut feeds = vec![];
    for (input, access) in found.inputs.iter().zip(&found.nest.inputs) {
        feeds.push(Feed::Input(reduction.inputs.len()));
        reduction.inputs.push(*input);
        reduction.nest.inputs.push(translated(access, &dims, count));
    }
    reduction.outputs.push(buffer);
    reduction.nest.outputs.extend(found.nest.outputs.iter().map(|access| translated(access, &dims, count)));
    reduction.during = Some(Stage { body, feeds });
    if reduction.place.is_none() {
        reduction.place = Some(reduction.op);
    }
    reduction.absorbed.push(found.op);
}

#[cfg(test)]
mod tests {
    use melior::ir::{BlockLike, Module};

    use super::{super::analyze, *};
    use crate::codegen::{context, ir};

    /// Powers, their sums along rows, their squares.
    const TEXT: &str = r#"
        #all = affine_map<(a, b) -> (a, b)>
        func.func @k(%a: memref<24x40xf32>, %b: memref<40xf32>, %s: memref<24xf32>, %q: memref<24x40xf32>) {
          %x = memref.alloc() : memref<24x40xf32>
          linalg.generic {indexing_maps = [#all, affine_map<(a, b) -> (b)>, #all], iterator_types = ["parallel", "parallel"]}
              ins(%a, %b : memref<24x40xf32>, memref<40xf32>) outs(%x : memref<24x40xf32>) {
          ^bb0(%v: f32, %w: f32, %o: f32):
            %d = arith.subf %v, %w : f32
            %y = math.exp %d : f32
            linalg.yield %y : f32
          }
          linalg.generic {indexing_maps = [#all, affine_map<(a, b) -> (a)>], iterator_types = ["parallel", "reduction"]}
              ins(%x : memref<24x40xf32>) outs(%s : memref<24xf32>) {
          ^bb0(%v: f32, %o: f32):
            %y = arith.addf %o, %v : f32
            linalg.yield %y : f32
          }
          linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
              ins(%x : memref<24x40xf32>) outs(%q : memref<24x40xf32>) {
          ^bb0(%v: f32, %o: f32):
            %y = arith.mulf %v, %v : f32
            linalg.yield %y : f32
          }
          return
        }"#;

    #[test]
    fn what_is_read_before_the_reduction_ends_stays_where_it_is() {
        let context = context::new();
        let module = Module::parse(&context, TEXT).unwrap();
        let [kernel] = ir::functions(ir::module_op(&module))[..] else { panic!("one function") };
        let all: Vec<Structured> = ir::walk(kernel).into_iter().filter_map(analyze::read).collect();
        let [powers, sum, squares] = &all[..] else { panic!("three nests") };
        let end = ir::entry(kernel).and_then(|block| block.terminator()).unwrap();
        let found = |place| find(&Structured { place, ..sum.clone() }, &all).map(|found| found.op);
        assert_eq!(found(None), Some(powers.op));
        assert_eq!(found(Some(squares.op)), Some(powers.op), "written before the squares read it");
        assert_eq!(found(Some(end)), None, "written after the squares read it");
    }
}
