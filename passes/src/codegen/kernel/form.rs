//! The form in which kernels are handed to code generation, checked.

use melior::ir::{BlockLike, Type, TypeLike, ValueLike, operation::OperationLike, r#type::IntegerType};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Op},
    plan::program::MAIN,
};

/// The kernels of a module: every function with a body except `main`.
pub fn kernels<'c>(module: Op<'c>) -> Vec<Op<'c>> {
    ir::functions(module).into_iter().filter(|f| ir::symbol(*f) != Some(MAIN) && ir::entry(*f).is_some()).collect()
}

/// Checks that each kernel is one block, and takes and returns static tensors of element types that are stored.
///
/// # Errors
/// [`CodegenError::KernelForm`] with everything that is wrong in any kernel.
pub fn verify(module: Op<'_>) -> Result<()> {
    let mut problems = Vec::new();
    for kernel in kernels(module) {
        let name = ir::symbol(kernel).unwrap_or("?");
        let Some(block) = ir::entry(kernel) else { continue };
        if block.next_in_region().is_some() {
            problems.push(format!("{}: @{name} has more than one block", kernel.location()));
        }
        for (i, argument) in ir::arguments(block).into_iter().enumerate() {
            check(argument.r#type(), &format!("argument {i} of @{name}"), &mut problems);
        }
        let returned = block.terminator().map(ir::operands).unwrap_or_default();
        for (i, value) in returned.into_iter().enumerate() {
            check(value.r#type(), &format!("result {i} of @{name}"), &mut problems);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(CodegenError::KernelForm(problems)) }
}

fn check(ty: Type<'_>, what: &str, problems: &mut Vec<String>) {
    if !ir::is_tensor(ty) || ir::type_bytes(ty).is_none() {
        problems.push(format!("{what} is a {ty}, not a static tensor"));
    } else if !is_stored(ir::element_type(ty)) {
        problems.push(format!("{what} is a {ty}: elements are i1, i8, i16, i32, i64, f16, bf16, f32 or f64"));
    }
}

/// Whether values of this type are kept in memory as they are.
fn is_stored(element: Type<'_>) -> bool {
    match IntegerType::try_from(element) {
        Ok(integer) => integer.is_signless() && matches!(integer.width(), 1 | 8 | 16 | 32 | 64),
        Err(_) => element.is_f16() || element.is_bf16() || element.is_f32() || element.is_f64(),
    }
}
