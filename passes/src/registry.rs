//! The passes that can be named on a command line, in one table.

use melior::Context;

use crate::codegen::ir::Op;
use crate::{graph, lower};

/// A pass over a module.
pub struct PassInfo {
    /// Its name in a pass pipeline.
    pub name: &'static str,
    /// What it expects and what it leaves, in one sentence.
    pub description: &'static str,
    /// Changes the module in place; an error names what is wrong.
    pub run: for<'c> fn(&'c Context, Op<'c>) -> Result<(), String>,
}

/// Every pass, in the order in which a compilation runs them.
pub const PASSES: &[PassInfo] = &[
    PassInfo {
        name: "hwc-fold-constants",
        description: "Computes what depends on nothing but constants, by the reference evaluator",
        run: |context, module| graph::fold_constants(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-form-kernels",
        description: "Moves groups of hwc operations into private functions that main calls",
        run: |context, module| graph::form_kernels(context, module).map_err(|e| e.to_string()),
    },
    PassInfo {
        name: "hwc-lower",
        description: "Replaces hwc operations by linalg, tensor, scf, arith and math on tensors of storage types",
        run: |context, module| lower::lower(context, module).map_err(|e| e.to_string()),
    },
];
