//! The MLIR context that code generation works in.

use melior::{
    Context,
    dialect::DialectRegistry,
    utility::{register_all_dialects, register_all_llvm_translations, register_all_passes},
};

/// The upstream dialects whose operations code generation itself creates.
const LOADED: &[&str] = &[
    "affine",
    "arith",
    "bufferization",
    "cf",
    "func",
    "linalg",
    "llvm",
    "math",
    "memref",
    "scf",
    "tensor",
    "ub",
    "vector",
];

/// Makes `context` ready for [`compile`](super::compile): registers the upstream dialects with their interfaces and
/// translations, loads the ones that are created, and switches threading off.
///
/// A context serves one compilation at a time; different contexts may be used by different threads at once.
pub fn prepare(context: &Context) {
    let registry = DialectRegistry::new();
    register_all_dialects(&registry);
    context.append_dialect_registry(&registry);
    context.enable_multi_threading(false);
    for dialect in LOADED {
        context.get_or_load_dialect(dialect);
    }
    register_all_llvm_translations(context);
    register_all_passes();
}

/// A new context, [prepared](prepare).
pub fn new() -> Context {
    let context = Context::new_with_threading(false);
    prepare(&context);
    context
}
