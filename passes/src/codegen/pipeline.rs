//! Runs upstream passes by name.

use melior::{Context, ir::Module, pass::PassManager, utility::parse_pass_pipeline};

use super::{
    diagnostics::Diagnostics,
    error::{CodegenError, Result},
};

/// Runs a textual pass pipeline, `builtin.module(...)`, over the module.
///
/// # Errors
/// [`CodegenError::Mlir`] with what the passes reported.
pub fn run<'c>(
    context: &'c Context,
    module: &mut Module<'c>,
    phase: &'static str,
    pipeline: &str,
    diagnostics: &Diagnostics,
) -> Result<()> {
    let manager = PassManager::new(context);
    parse_pass_pipeline(manager.as_operation_pass_manager(), pipeline)
        .map_err(|error| CodegenError::internal(format!("pipeline {pipeline}: {error}")))?;
    // The IR is verified where it enters and where it leaves MLIR, not after each pass.
    manager.enable_verifier(false);
    manager.run(module).map_err(|_| CodegenError::Mlir { phase, diagnostics: diagnostics.take() })
}

/// Verifies the whole module.
///
/// # Errors
/// [`CodegenError::Mlir`] with what the verifier reported.
pub fn verify(module: &Module, phase: &'static str, diagnostics: &Diagnostics) -> Result<()> {
    use melior::ir::operation::OperationLike;
    if module.as_operation().verify() {
        Ok(())
    } else {
        Err(CodegenError::Mlir { phase, diagnostics: diagnostics.take() })
    }
}
