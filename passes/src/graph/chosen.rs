//! Groups of operations that are chosen before kernels are formed, as the operations carry them: the attribute `hwk.groups`.
//!
//! An operation may be in several groups: each computes it anew. The first one stores it, if anybody reads it from memory.
//! Passes that put an operation in the place of another one let it be in the same groups; what is in none is free to join
//! any.

use hwc_dialects::mlir::hwk::GROUPS;
use melior::Context;
use melior::ir::attribute::DenseI64ArrayAttribute;
use melior::ir::operation::OperationLike;

use super::GraphError;
use crate::codegen::ir;

/// A group that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chosen {
    /// Where the part that it is in stands in the graph. Groups of one place were chosen together.
    pub place: usize,
    /// The number of the plan: parts that are equal share one.
    pub part: usize,
    /// The number of what it makes in that plan.
    pub class: usize,
}

/// The groups that an operation, or a launch, carries.
///
/// # Errors
/// Where they are no list of them.
pub fn read(operation: ir::Op) -> Result<Vec<Chosen>, GraphError> {
    let Ok(attribute) = operation.attribute(GROUPS) else { return Ok(vec![]) };
    let numbers = ir::dense_i64(attribute).filter(|numbers| numbers.len() % 3 == 0);
    let number = |n: &i64| usize::try_from(*n).ok();
    let chosen =
        |group: &[i64]| Some(Chosen { place: number(&group[0])?, part: number(&group[1])?, class: number(&group[2])? });
    let groups = numbers.and_then(|numbers| numbers.chunks(3).map(chosen).collect());
    groups.ok_or_else(|| GraphError::Malformed(format!("{GROUPS} is {attribute}: not three numbers for each group")))
}

pub fn write<'c>(context: &'c Context, operation: ir::Op<'c>, groups: &[Chosen]) {
    let numbers: Vec<i64> =
        groups.iter().flat_map(|group| [group.place, group.part, group.class]).map(|n| n as i64).collect();
    if !numbers.is_empty() {
        ir::set_attribute(operation, GROUPS, DenseI64ArrayAttribute::new(context, &numbers).into());
    }
}

/// Lets an operation be in the groups of the one that it stands for.
pub fn copy<'c>(from: ir::Op<'c>, to: ir::Op<'c>) {
    if let Ok(attribute) = from.attribute(GROUPS) {
        ir::set_attribute(to, GROUPS, attribute);
    }
}

/// Removes what tells groups from all of a module.
pub fn forget(module: ir::Op) {
    for operation in ir::walk(module) {
        ir::remove_attribute(operation, GROUPS);
    }
}
