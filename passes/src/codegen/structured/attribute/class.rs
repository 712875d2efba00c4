//! What kind of work the nests of a kernel do together, where that says more of the most expensive one than its loops do.

use super::{
    super::{
        analyze::{Operand, Structured},
        body::Body,
        memory_use::root,
        nest::{Kind, Nest},
    },
    Group,
};
use crate::codegen::ir::{self, Val};
use hwc_dialects::hwk::Class;

/// Statistics of rows that a kernel computes, with what it is that applies them to each element of a row.
pub struct Rows<'c> {
    pub class: Class,
    /// The buffers that hold one element a row.
    statistics: Vec<Val<'c>>,
}

/// Softmax or normalization, where some nest reads for each row what another one has summed or compared.
pub fn rows<'c>(groups: &[Group<'c>]) -> Option<Rows<'c>> {
    let all = || groups.iter().flat_map(|group| group.members.iter().map(|m| (m.whole(&group.shared), &m.source)));
    let reductions = || all().filter(|(nest, _)| nest.has_reductions());
    let statistics: Vec<Val> = reductions().flat_map(|(_, source)| roots(&source.outputs)).collect();
    let applied = all().any(|(nest, source)| !nest.has_reductions() && !columns(&nest, source, &statistics).is_empty());
    if !applied {
        return None;
    }
    let exponentials: Vec<Val> = all()
        .filter(|(_, source)| source.body.iter().any(|body| body.yields.iter().any(|y| is_exponential(*y))))
        .flat_map(|(_, source)| roots(&source.outputs))
        .collect();
    let sums_exponentials =
        reductions().any(|(_, source)| source.body.as_ref().is_some_and(|body| sums(body, source, &exponentials)));
    Some(Rows { class: if sums_exponentials { Class::Softmax } else { Class::Normalization }, statistics })
}

impl Rows<'_> {
    /// The roles of a nest's dimensions, of which the first `shared` are loops over rows; nothing where it is not known
    /// which ones run along a row.
    pub fn roles(&self, nest: &Nest, source: &Structured, shared: usize) -> Option<Vec<&'static str>> {
        let along = columns(nest, source, &self.statistics);
        let is_known = nest.has_reductions() || shared > 0 || !along.is_empty();
        let role = |d: usize| match (nest.is_reduction(d), along.contains(&d)) {
            (true, _) | (_, true) => "cols",
            _ if d >= shared && shared > 0 && !nest.has_reductions() => "cols",
            _ => "rows",
        };
        is_known.then(|| (0..nest.dims.len()).map(role).collect())
    }
}

fn roots<'c>(buffers: &[Val<'c>]) -> Vec<Val<'c>> {
    buffers.iter().filter_map(|buffer| root(*buffer)).collect()
}

/// The dimensions along which a nest reads the same statistic again and again.
fn columns(nest: &Nest, source: &Structured, statistics: &[Val]) -> Vec<usize> {
    let is_statistic = |operand: &Operand| operand.buffer().and_then(root).is_some_and(|r| statistics.contains(&r));
    let reads = source.inputs.iter().zip(&nest.inputs).filter(|(operand, _)| is_statistic(operand));
    let accesses: Vec<_> = reads.map(|(_, access)| access).collect();
    let repeats = |d: &usize| nest.dims[*d].extent > 1 && accesses.iter().any(|access| access.strides[*d] == 0);
    nest.of_kind(Kind::Parallel).filter(repeats).collect()
}

fn is_exponential(value: Val<'_>) -> bool {
    ir::defining_op(value).is_some_and(|op| matches!(ir::name_of(op), "math.exp" | "math.exp2"))
}

/// Whether a body sums exponentials that it computes, that are computed in its iterations, or that were stored before.
fn sums(body: &Body, source: &Structured, exponentials: &[Val]) -> bool {
    let during = |n: usize| source.during.as_ref().and_then(|stage| stage.body.yields.get(n));
    let stored = |value: Val| {
        let input = body.inputs.iter().position(|argument| ir::key(*argument) == ir::key(value));
        input.and_then(|i| source.inputs.get(i)).is_some_and(|operand| match operand {
            Operand::Buffer(buffer) => root(*buffer).is_some_and(|r| exponentials.contains(&r)),
            Operand::Computed(n) => during(*n).is_some_and(|value| is_exponential(*value)),
            Operand::Value(_) => false,
        })
    };
    let sums = body.reductions.iter().flatten().filter(|reduction| reduction.combiner.kind == "add");
    sums.into_iter().any(|sum| is_exponential(sum.contribution) || stored(sum.contribution))
}

/// The roles of a nest that reads at places which it finds in memory: `i` finds them, `d` moves within what lies there.
pub fn gathered(nest: &Nest, source: &Structured) -> Option<Vec<&'static str>> {
    let body = source.body.as_ref()?;
    let loads = || body.ops.iter().copied().filter(|op| ir::is(*op, "memref.load"));
    if nest.has_reductions() || loads().next().is_none() {
        return None;
    }
    // What the places are computed from.
    let mut behind: Vec<Val> = loads().flat_map(|op| ir::operands(op).into_iter().skip(1)).collect();
    let mut at = 0;
    while let Some(value) = behind.get(at).copied() {
        let more = ir::defining_op(value).map(ir::operands).unwrap_or_default();
        let new: Vec<Val> = more.into_iter().filter(|v| !behind.iter().any(|b| ir::key(*b) == ir::key(*v))).collect();
        behind.extend(new);
        at += 1;
    }
    let is_behind = |i: usize| body.inputs.get(i).is_some_and(|a| behind.iter().any(|b| ir::key(*b) == ir::key(*a)));
    let finds = |d: usize| (0..nest.inputs.len()).any(|i| is_behind(i) && nest.inputs[i].strides[d] != 0);
    let roles: Vec<&str> = (0..nest.dims.len()).map(|d| if finds(d) { "i" } else { "d" }).collect();
    (0..nest.inputs.len()).any(is_behind).then_some(roles)
}
