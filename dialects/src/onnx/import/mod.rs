//! From a loaded [`Model`] to a [`Program`] of the dialect's operators, with all shapes known.
//!
//! Nothing here depends on MLIR: [`emit`] writes the program to a module in the end.

mod arithmetic;
pub mod call;
pub mod emit;
mod engine;
pub mod failure;
pub mod helpers;
pub mod program;
mod report;
mod signature;
mod value;

use hwc_runtime::Tensor;

pub use call::{Call, Outputs};
pub use failure::{Failure, invalid, unsupported};
pub use program::{Input, Operation, Program};
pub use report::{Finding, Report, UnsupportedOp};
pub use value::{Value, Var};

use super::graph::Model;
use engine::Engine;

/// What a model is compiled for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Sizes of symbolic dimensions by name; one that has no name is called by input and axis, `x.0`.
    pub dims: Vec<(String, usize)>,
    /// Values of inputs that the program is compiled for.
    pub values: Vec<(String, Tensor)>,
}

/// A model that was imported.
#[derive(Debug)]
pub struct Imported {
    pub program: Program,
    /// Declared shapes that do not fit, a line each.
    pub warnings: Vec<String>,
}

/// Imports a model. All that keeps it from being imported is reported at once.
pub fn import(model: &Model, options: &Options) -> Result<Imported, Box<Report>> {
    let mut engine = Engine::new(model);
    signature::inputs(&mut engine, model, options);
    engine.graph(&model.graph);
    for output in &model.graph.outputs {
        let value = engine.get(output.value);
        let place = format!("output `{}`", output.name);
        match &value {
            Value::Const(_) | Value::Var(_) => engine.compare(output.declared.as_ref(), &value, place),
            Value::Poison => {}
            Value::Sequence(_) => engine.report.beyond(place, "sequences as outputs are not supported"),
            Value::Optional(_) => engine.report.beyond(place, "optionals as outputs are not supported"),
            Value::Foreign(what) => engine.report.beyond(place, format!("tensors of {what} are not supported")),
        }
        engine.program.outputs.push((output.name.clone(), value));
    }
    if !engine.report.is_empty() {
        return Err(Box::new(engine.report));
    }
    engine.program.prune();
    Ok(Imported { program: engine.program, warnings: engine.warnings })
}

#[cfg(test)]
mod tests;
