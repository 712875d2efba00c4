//! Times of the kernels that a rewritten graph becomes.

use std::cell::RefCell;
use std::collections::HashMap;

use hwc_passes::codegen::ir;
use hwc_passes::hwk;
use hwc_passes::optimize::measured::{Launch, Runner, made_for};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;

use super::{Measurer, Outcome, Store};
use crate::frontend::{self, Program};
use crate::{Compiler, Error, Fault, Options};

/// Measures the kernels of graphs; what several graphs have in common is measured once.
pub(crate) struct Plans<'a> {
    options: Options,
    measurer: &'a Measurer,
    store: Option<&'a Store>,
    /// Seconds of one run, by the kernel's text.
    known: RefCell<HashMap<String, f64>>,
}

impl<'a> Plans<'a> {
    pub fn new(options: &'a Options, measurer: &'a Measurer) -> Plans<'a> {
        let quiet = Options { observe: None, measure_top: None, ..options.clone() };
        Plans { options: quiet, measurer, store: options.measured.as_ref(), known: RefCell::default() }
    }

    fn measure<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Error> {
        frontend::group(context, ir::module_op(&graph), &self.options)?;
        let program = Program::of_kernels(graph);
        hwk::mark_constants(context, ir::module_op(&program.kernels));
        Compiler::new(self.options.clone()).schedule(context, &program, Error::from)?;
        let root = ir::module_op(&program.kernels);
        let kernels = ir::hwk_kernels(root);
        let texts: Vec<String> = kernels.iter().map(|kernel| hwk::unnamed_text(*kernel)).collect();
        self.learn(&texts)?;
        let known = self.known.borrow();
        let names = kernels.iter().filter_map(|kernel| ir::symbol(*kernel));
        let seconds: HashMap<&str, f64> = names.zip(texts.iter().filter_map(|text| known.get(text).copied())).collect();
        let launches = ir::walk(root).into_iter().filter(|op| ir::is(*op, "hwk.launch"));
        let launch = |op: ir::Op| {
            let seconds =
                op.attribute("kernel").ok().and_then(ir::string_value).and_then(|name| seconds.get(name)).copied();
            let seconds = seconds.ok_or_else(|| Error::new(Fault::Defect, "a launch of no kernel"))?;
            Ok(Launch { made_for: made_for(op), seconds })
        };
        launches.map(launch).collect()
    }

    /// Measures the kernels that are not known yet; one that cannot be run takes infinitely long.
    fn learn(&self, kernels: &[String]) -> Result<(), Error> {
        let mut known = self.known.borrow_mut();
        let mut missing: Vec<String> = kernels.iter().filter(|text| !known.contains_key(*text)).cloned().collect();
        missing.sort();
        missing.dedup();
        let outcomes = self.measurer.measure(&missing)?;
        for (text, outcome) in missing.into_iter().zip(outcomes) {
            let mut seconds = f64::INFINITY;
            if let Outcome::Measured(measurement) = outcome {
                seconds = measurement.warm.median;
                self.store.map(|store| store.keep(&text, &measurement)).transpose()?;
            }
            known.insert(text, seconds);
        }
        Ok(())
    }
}

impl Runner for Plans<'_> {
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn std::error::Error>> {
        Ok(self.measure(context, graph)?)
    }
}
