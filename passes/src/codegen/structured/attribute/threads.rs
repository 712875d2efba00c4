//! Which loops threads divide, as an attribute: `#hwk.schedule<..., threads = [m, n]>`.
//!
//! It is settled once the loops are written, since it is their work that decides whether dividing them is worth it.

use hwc_dialects::hwk::{Schedule, Space};
use melior::{
    Context,
    ir::{attribute::DenseI64ArrayAttribute, operation::OperationLike},
};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, ANCHOR, Builder, DECIDED, Op, THREADS},
    kernel::phases::{self, split, work},
};

/// The numbers of the dimensions that a schedule lets threads divide.
pub fn given(schedule: &Schedule, space: &Space) -> Option<Vec<usize>> {
    let number = |name: &String| space.dims.iter().position(|(dim, _)| dim == name);
    schedule.threads.as_ref().map(|threads| threads.iter().filter_map(number).collect())
}

/// Settles how the loops of a kernel's anchor, which are written, are divided; tells the kernel where its schedule does
/// not say it. Loops of less work than `smallest` are divided only if that was asked for.
///
/// # Errors
/// [`CodegenError::Unsupported`] where a schedule asks for what the loops cannot do.
pub fn settle<'c>(context: &'c Context, kernel: Op<'c>, smallest: u64) -> Result<()> {
    let mut choice = super::read(kernel)?;
    let (Some(space), Some(schedule)) = (&choice.space, &mut choice.schedule) else { return Ok(()) };
    let top: Vec<Op> = ir::entry(kernel).map(ir::block_ops).unwrap_or_default();
    let joined = phases::joined(&top);
    let can = |op: &Op<'c>| !joined.contains(&ir::op_key(*op)) && split::is_possible(*op);
    let mut units: Vec<Op> = top.iter().copied().filter(|op| op.attribute(ANCHOR).is_ok() && can(op)).collect();
    units.sort_by_key(|op| std::cmp::Reverse(work::of(*op)));
    if schedule.threads.is_none() {
        units.retain(|op| work::of(*op) >= smallest);
    }
    let mut dims: Vec<i64> = vec![];
    for dim in units.iter().flat_map(|op| split::divided_dims(*op)) {
        if !dims.contains(&dim) {
            dims.push(dim);
        }
    }
    let name = |dim: &i64| usize::try_from(*dim).ok().and_then(|d| space.dims.get(d)).map(|(name, _)| name.clone());
    let names: Vec<String> = dims.iter().filter_map(name).collect();
    let reduces = |name: &String| space.class.role(name).is_some_and(|role| role.reduces);
    if schedule.threads.is_none() && names.iter().any(reduces) {
        // An elementwise nest along the columns of the class: its schedule has no word for that.
        return Ok(());
    }
    if let Some(wanted) = &schedule.threads {
        let missing: Vec<&str> = wanted.iter().filter(|name| !names.contains(name)).map(String::as_str).collect();
        if !missing.is_empty() {
            let kernel = ir::symbol(kernel).unwrap_or("?");
            return Err(CodegenError::Unsupported(missing.iter().map(|name| refusal(kernel, name, &names)).collect()));
        }
    }
    let Some(b) = Builder::before(context, kernel) else { return Ok(()) };
    for unit in &units {
        ir::set_attribute(*unit, THREADS, DenseI64ArrayAttribute::new(context, &dims).into());
    }
    // The longest loops are divided because that is chosen, what is beside them where it is worth it.
    if let Some(longest) = units.first() {
        ir::set_attribute(*longest, DECIDED, b.unit());
    }
    if schedule.threads.is_none() && !names.is_empty() {
        schedule.threads = Some(names);
        super::write(context, kernel, &choice);
    }
    Ok(())
}

/// Why a dimension is not divided.
fn refusal(kernel: &str, dim: &str, divided: &[String]) -> String {
    let why = if divided.is_empty() {
        "no loop over it stands by itself with more than one iteration".to_string()
    } else {
        format!("dividing `{}` leaves no long iterations in which it could be", divided.join("`, `"))
    };
    format!("the schedule of @{kernel} does not fit: threads cannot share dimension `{dim}`: {why}")
}
