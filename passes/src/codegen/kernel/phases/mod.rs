//! Pass `hwc-kernel-phases`: kernels become functions that several threads can share the work of.
//!
//! Before: a kernel on buffers whose loops carry the mark [`PARALLEL`] where their iterations are independent, and whose
//! groups of loops carry the mark [`INDEPENDENT`].
//! After: one function per *phase*, to be called one after the other with the kernel's arguments. A phase with the
//! attribute `hwc.split` takes two more arguments, `part` and `parts`: called for every part below parts, on whatever
//! threads, it does what the kernel did there. It holds one loop, or one group, whose work is divided by an estimate
//! ([`work`]) into ranges of iterations ([`split`]). The other phases hold what is between.
//!
//! An iteration is computed by the same instructions whatever part it belongs to, and reductions are never divided. So
//! results do not depend on the number of parts.

mod own;
pub mod split;
pub mod work;

use std::collections::{BTreeSet, HashMap, HashSet};

use melior::{
    Context,
    ir::{ValueLike, operation::OperationLike},
};
use serde::{Deserialize, Serialize};

use super::destination::set_signature;
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, DECIDED, INDEPENDENT, Op, PARALLEL},
    structured::memory_use::{is_view, root, writes},
};

/// Loops of less work than this take some five microseconds, and are not worth handing to other threads; see [`work`].
pub const SMALLEST: u64 = 80_000;

/// The attribute of functions that take a part and the number of parts.
pub const SPLIT: &str = "hwc.split";

/// A function that does part of what a kernel does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    pub function: String,
    /// Whether it is called for parts.
    pub is_split: bool,
}

/// Replaces one kernel by its phases; gives them in order. Loops of less work than `smallest` are not split.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>, smallest: u64) -> Result<Vec<Phase>> {
    let name = ir::symbol(kernel).unwrap_or_default().to_owned();
    let block = ir::entry(kernel).ok_or_else(|| CodegenError::internal("a kernel without a block"))?;
    let top = ir::block_ops(block);
    let roles: Vec<Role> = top.iter().map(|op| role(*op, &top)).collect();
    let runs = runs(&top, &roles, smallest);
    if runs.iter().all(|run| !run.is_split) {
        return Ok(vec![Phase { function: name, is_split: false }]);
    }
    let b = Builder::before(context, kernel).ok_or_else(|| CodegenError::internal("a detached kernel"))?;
    let mut phases = Vec::with_capacity(runs.len());
    for (number, run) in runs.iter().enumerate() {
        let function = if runs.len() == 1 { name.clone() } else { format!("{name}.{number}") };
        let copy = b.insert(ir::clone_op(kernel));
        ir::set_attribute(copy, "sym_name", b.string(&function));
        let unit = keep(copy, &roles, run)?;
        if let (true, Some(unit)) = (run.is_split, unit) {
            split::convert(context, copy, unit)?;
        }
        let types: Vec<_> = ir::entry(copy).map(ir::arguments).unwrap_or_default().iter().map(|a| a.r#type()).collect();
        set_signature(context, copy, &types);
        phases.push(Phase { function, is_split: run.is_split });
    }
    ir::erase(kernel);
    Ok(phases)
}

/// Operations of a kernel that make a phase, by their number.
struct Run {
    units: Vec<usize>,
    is_split: bool,
}

/// What an operation of a kernel is to its phases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Computes values out of others, and is repeated where they are used.
    Value,
    /// Memory on the stack, which exists once per phase and part.
    Stack,
    /// Reads or writes memory, and belongs to one phase.
    Unit,
    End,
}

/// The operations of a kernel that cannot be a phase by themselves, by their keys.
pub fn joined(top: &[Op<'_>]) -> HashSet<usize> {
    let roles: Vec<Role> = top.iter().map(|op| role(*op, top)).collect();
    links(top, &roles).into_iter().flat_map(|(first, last)| &top[first..=last]).map(|op| ir::op_key(*op)).collect()
}

fn runs(top: &[Op<'_>], roles: &[Role], smallest: u64) -> Vec<Run> {
    let mut may_split: Vec<bool> = top.iter().map(|op| may_split(*op, smallest)).collect();
    for (first, last) in links(top, roles) {
        may_split[first..=last].fill(false);
    }
    let mut runs: Vec<Run> = vec![];
    for unit in (0..top.len()).filter(|i| roles[*i] == Role::Unit) {
        match runs.last_mut().filter(|run| !run.is_split && !may_split[unit]) {
            Some(run) => run.units.push(unit),
            None => runs.push(Run { units: vec![unit], is_split: may_split[unit] }),
        }
    }
    runs
}

fn role<'c>(op: Op<'c>, top: &[Op<'c>]) -> Role {
    match ir::name_of(op) {
        "func.return" => Role::End,
        "memref.alloca" => Role::Stack,
        // Becomes a view of scratch memory.
        "memref.alloc" => Role::Value,
        // What nobody writes reads the same in every phase.
        "memref.load" => {
            let memory = ir::operand(op, 0).and_then(root);
            let is_constant = memory.is_some_and(|memory| !top.iter().any(|op| writes(*op, memory)));
            if is_constant { Role::Value } else { Role::Unit }
        }
        _ if is_value(op) => Role::Value,
        _ => Role::Unit,
    }
}

/// Whether an operation does nothing but compute values out of others.
fn is_value(op: Op<'_>) -> bool {
    const VALUES: &[&str] = &["arith.", "math.", "affine.apply", "memref.get_global", "ub.poison", "vector.broadcast"];
    is_view(op) || VALUES.iter().any(|start| ir::name_of(op).starts_with(start))
}

/// Pairs of operations that have to be in one phase with all between, since the second needs a value or memory on the
/// stack that the first one made.
fn links<'c>(top: &[Op<'c>], roles: &[Role]) -> Vec<(usize, usize)> {
    let numbers: HashMap<usize, usize> = top.iter().enumerate().map(|(i, op)| (ir::op_key(*op), i)).collect();
    // The units and stack memory that each operation goes back to.
    let mut origins: Vec<BTreeSet<usize>> = vec![];
    let mut links = vec![];
    let mut first_users: HashMap<usize, usize> = HashMap::new();
    for (i, op) in top.iter().enumerate() {
        let makers = ir::walk(*op).into_iter().flat_map(ir::operands).filter_map(ir::defining_op);
        let makers = makers.filter_map(|maker| numbers.get(&ir::op_key(maker)).copied()).filter(|maker| *maker < i);
        let from: BTreeSet<usize> = makers.flat_map(|maker| origins[maker].clone()).collect();
        if roles[i] == Role::Unit {
            for &origin in &from {
                let first = if roles[origin] == Role::Stack { *first_users.entry(origin).or_insert(i) } else { origin };
                links.extend((first < i).then_some((first, i)));
            }
        }
        origins.push(if roles[i] == Role::Value { from } else { BTreeSet::from([i]) });
    }
    links
}

/// Whether the work of an operation can be divided and is worth it.
fn may_split(op: Op<'_>, smallest: u64) -> bool {
    (ir::is(op, "scf.for") && op.attribute(PARALLEL).is_ok() || op.attribute(INDEPENDENT).is_ok())
        && (work::of(op) >= smallest || op.attribute(DECIDED).is_ok())
        && split::is_possible(op)
}

/// Removes from a copy of a kernel what does not belong to a phase; gives its first unit.
fn keep<'c>(copy: Op<'c>, roles: &[Role], run: &Run) -> Result<Option<Op<'c>>> {
    let block = ir::entry(copy).ok_or_else(|| CodegenError::internal("a kernel without a block"))?;
    let copied = ir::block_ops(block);
    for (i, op) in copied.iter().enumerate().rev() {
        let is_needed = match roles[i] {
            Role::End => true,
            Role::Unit => run.units.contains(&i),
            Role::Value | Role::Stack => ir::results(*op).into_iter().any(|r| !ir::uses(r).is_empty()),
        };
        if !is_needed {
            ir::erase(*op);
        }
    }
    Ok(run.units.first().map(|unit| copied[*unit]))
}
