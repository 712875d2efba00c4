//! Times of the kernels that a rewritten graph becomes.

use std::cell::RefCell;
use std::collections::HashMap;

use hwc_passes::codegen::ir;
use hwc_passes::optimize::measured::{Launch, Runner, made_for};
use hwc_passes::{hwk, print};
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
        let kernels: Vec<(String, String)> = ir::hwk_kernels(root)
            .into_iter()
            .map(|kernel| (ir::symbol(kernel).unwrap_or_default().to_string(), print::operation(kernel)))
            .collect();
        let seconds: HashMap<&str, f64> =
            kernels.iter().map(|(name, _)| name.as_str()).zip(self.seconds(kernels.iter().map(|k| &k.1))?).collect();
        let launches = ir::walk(root).into_iter().filter(|op| ir::is(*op, "hwk.launch"));
        let launch = |op: ir::Op| {
            let seconds =
                op.attribute("kernel").ok().and_then(ir::string_value).and_then(|name| seconds.get(name)).copied();
            let seconds = seconds.ok_or_else(|| Error::new(Fault::Defect, "a launch of no kernel"))?;
            Ok(Launch { made_for: made_for(op), seconds })
        };
        launches.map(launch).collect()
    }

    /// Seconds of one run of each kernel; infinite where it cannot be run.
    fn seconds<'t>(&self, kernels: impl Iterator<Item = &'t String> + Clone) -> Result<Vec<f64>, Error> {
        let mut known = self.known.borrow_mut();
        let mut missing: Vec<String> =
            kernels.clone().map(|text| nameless(text)).filter(|text| !known.contains_key(text)).collect();
        missing.sort();
        missing.dedup();
        for (text, outcome) in missing.iter().zip(self.measurer.measure(&missing)?) {
            let mut seconds = f64::INFINITY;
            if let Outcome::Measured(measurement) = outcome {
                seconds = measurement.warm.median;
                self.store.map(|store| store.keep(text, &measurement)).transpose()?;
            }
            known.insert(text.clone(), seconds);
        }
        Ok(kernels.map(|text| known[&nameless(text)]).collect())
    }
}

impl Runner for Plans<'_> {
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn std::error::Error>> {
        Ok(self.measure(context, graph)?)
    }
}

/// The text of a kernel under a name that says nothing.
fn nameless(kernel: &str) -> String {
    match (kernel.find('@'), kernel.find('(')) {
        (Some(at), Some(end)) if at < end => format!("{}@kernel{}", &kernel[..at], &kernel[end..]),
        _ => kernel.to_string(),
    }
}
