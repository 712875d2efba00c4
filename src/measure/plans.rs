//! Times of the kernels that a rewritten graph becomes: measured, from a store, or by a learned cost model.

use std::cell::RefCell;
use std::collections::HashMap;

use hwc_dialects::hwk::{Target, enumerate};
use hwc_dialects::mlir::hwk::Choice;
use hwc_passes::codegen::ir;
use hwc_passes::optimize::explain::{Formed, Former, KernelFormed};
use hwc_passes::optimize::measured::{Launch, MadeFor, Runner, made_for};
use hwc_passes::{graph, hwk};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;

use super::{Measurer, Outcome, Store};
use crate::frontend::{self, Program};
use crate::{Compiler, CostModel, Error, Fault, Options, rewrite};

/// Measures the kernels of graphs; what several graphs have in common is measured once.
pub(crate) struct Plans<'a> {
    options: Options,
    measurer: &'a Measurer,
    store: &'a Store,
    /// Schedules of a kernel that are measured where the cost model cannot tell them apart.
    schedules: usize,
    /// Seconds of one run, by the kernel's text.
    known: RefCell<HashMap<String, f64>>,
}

impl<'a> Plans<'a> {
    pub fn new(options: &Options, schedules: usize, measurer: &'a Measurer, store: &'a Store) -> Plans<'a> {
        Plans { options: quiet(options), measurer, store, schedules, known: RefCell::default() }
    }

    fn times<'c>(&self, context: &'c Context, program: &Program<'c>) -> Result<Vec<Option<f64>>, Error> {
        let compiler = Compiler::new(self.options.clone());
        compiler.schedule(context, program, Error::from)?;
        let target = hwk::target_of(&compiler.target(program)?)?;
        let texts: Vec<Vec<String>> =
            kernels(program).into_iter().map(|kernel| self.texts(context, kernel, &target)).collect();
        self.learn(texts.iter().flatten())?;
        let known = self.known.borrow();
        let fastest =
            |texts: &Vec<String>| texts.iter().filter_map(|text| known.get(text).copied()).min_by(f64::total_cmp);
        Ok(texts.iter().map(fastest).collect())
    }

    /// A kernel under its schedule, and under those that the cost model cannot tell from it.
    fn texts<'c>(&self, context: &'c Context, kernel: ir::Op<'c>, target: &Target) -> Vec<String> {
        let mut texts = vec![hwk::unnamed_text(kernel)];
        let Some(model) = &self.options.cost_model else { return texts };
        let copy = ir::clone_op(kernel);
        let copy = ir::detached_op(&copy);
        for schedule in model.contenders(kernel, target, self.schedules.saturating_sub(1)) {
            hwk::choose(context, copy, &Choice { schedule: Some(schedule), ..Choice::default() });
            texts.push(hwk::unnamed_text(copy));
        }
        texts
    }

    /// Measures the kernels that are not known yet; one that cannot be run takes infinitely long.
    fn learn<'t>(&self, kernels: impl Iterator<Item = &'t String>) -> Result<(), Error> {
        let mut known = self.known.borrow_mut();
        let mut missing: Vec<String> = kernels.filter(|text| !known.contains_key(*text)).cloned().collect();
        missing.sort();
        missing.dedup();
        let outcomes = self.measurer.measure(&missing)?;
        for (text, outcome) in missing.into_iter().zip(outcomes) {
            let mut seconds = f64::INFINITY;
            if let Outcome::Measured(measurement) = outcome {
                seconds = measurement.warm.median;
                self.store.keep(&text, &measurement)?;
            }
            known.insert(text, seconds);
        }
        Ok(())
    }
}

impl Runner for Plans<'_> {
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn std::error::Error>> {
        Ok(timed(launches(context, graph, &self.options, |program| self.times(context, program))?))
    }
}

/// Looks up the kernels of graphs among those that were measured before.
pub(crate) struct Recorded<'a> {
    options: Options,
    store: &'a Store,
}

impl<'a> Recorded<'a> {
    pub fn new(options: &Options, store: &'a Store) -> Recorded<'a> {
        Recorded { options: quiet(options), store }
    }

    fn times(&self, program: &Program) -> Result<Vec<Option<f64>>, Error> {
        let target = hwk::target_of(&Compiler::new(self.options.clone()).target(program)?)?;
        // Where a line is damaged, whoever takes the schedules from the store warns of it.
        let time =
            |kernel| self.store.best(&self.store.file(&hwk::plain_text(kernel), &target)).0.map(|best| best.warm);
        Ok(kernels(program).into_iter().map(time).collect())
    }
}

impl Runner for Recorded<'_> {
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn std::error::Error>> {
        Ok(timed(launches(context, graph, &self.options, |program| self.times(program))?))
    }
}

/// Asks a learned cost model for the kernels of graphs.
pub(crate) struct Predicted<'a> {
    options: Options,
    model: &'a CostModel,
}

impl<'a> Predicted<'a> {
    pub fn new(options: &Options, model: &'a CostModel) -> Predicted<'a> {
        Predicted { options: quiet(options), model }
    }

    fn times<'c>(&self, context: &'c Context, program: &Program<'c>) -> Result<Vec<Option<f64>>, Error> {
        let compiler = Compiler::new(self.options.clone());
        compiler.ask(context, program, self.model)?;
        let target = hwk::target_of(&compiler.target(program)?)?;
        let seconds = |kernel| self.model.expected(kernel, &target).map(|expected| expected.seconds);
        Ok(kernels(program).into_iter().map(seconds).collect())
    }
}

impl Runner for Predicted<'_> {
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn std::error::Error>> {
        Ok(timed(launches(context, graph, &self.options, |program| self.times(context, program))?))
    }
}

/// Tells which kernels graphs become, and by which schedules these run.
pub(crate) struct Schedules {
    options: Options,
}

impl Schedules {
    pub fn new(options: &Options) -> Schedules {
        Schedules { options: quiet(options) }
    }

    fn formed<'c>(&self, context: &'c Context, program: &Program<'c>) -> Result<Vec<KernelFormed>, Error> {
        let compiler = Compiler::new(self.options.clone());
        compiler.schedule(context, program, Error::from)?;
        let target = hwk::target_of(&compiler.target(program)?)?;
        let cost = rewrite::costs(ir::module_op(&program.kernels), &self.options)?;
        let formed = |kernel: ir::Op<'c>| {
            let choice = Choice::read(|clause| kernel.attribute(clause).ok());
            let Choice { space, schedule, .. } = choice.map_err(|e| Error::new(Fault::Defect, e.join("; ")))?;
            Ok(KernelFormed {
                name: ir::symbol(kernel).unwrap_or_default().to_string(),
                predicted: graph::kernel_seconds(kernel, &cost)?.unwrap_or(f64::INFINITY),
                merged: 0,
                legal: space.as_ref().map_or(0, |space| enumerate(space, &target).len()),
                space: space.map_or_else(String::new, |space| space.to_string()),
                schedule: schedule.map_or_else(String::new, |schedule| schedule.to_string()),
                learned: self.options.cost_model.as_ref().and_then(|model| model.expected(kernel, &target)),
            })
        };
        kernels(program).into_iter().map(formed).collect()
    }
}

impl Former for Schedules {
    fn form<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Formed>, Box<dyn std::error::Error>> {
        let launches = launches(context, graph, &self.options, |program| self.formed(context, program))?;
        let formed = launches.into_iter().map(|(made_for, mut kernel)| {
            kernel.merged = made_for.len();
            Formed { made_for, kernel }
        });
        Ok(formed.collect())
    }
}

fn kernels<'c>(program: &Program<'c>) -> Vec<ir::Op<'c>> {
    ir::hwk_kernels(ir::module_op(&program.kernels))
}

/// Options without what is for the compilation that asks.
fn quiet(options: &Options) -> Options {
    Options { observe: None, measure_top: None, ..options.clone() }
}

/// The calls of kernels that a graph becomes: what of the plan each is made for, and what is so of its kernel.
fn launches<'c, T: Clone>(
    context: &'c Context,
    graph: Module<'c>,
    options: &Options,
    of_kernels: impl FnOnce(&Program<'c>) -> Result<Vec<T>, Error>,
) -> Result<Vec<(MadeFor, T)>, Error> {
    frontend::group(context, ir::module_op(&graph), options)?;
    let program = Program::of_kernels(graph);
    let all = of_kernels(&program)?;
    let of_name: HashMap<&str, T> = kernels(&program).into_iter().filter_map(ir::symbol).zip(all).collect();
    let launches = ir::walk(ir::module_op(&program.kernels)).into_iter().filter(|op| ir::is(*op, "hwk.launch"));
    let launch = |op: ir::Op| {
        let name = op.attribute("kernel").ok().and_then(ir::string_value);
        let kernel = name.and_then(|name| of_name.get(name)).cloned();
        let kernel = kernel.ok_or_else(|| Error::new(Fault::Defect, "a launch of no kernel"))?;
        Ok((made_for(op)?, kernel))
    };
    launches.map(launch).collect()
}

fn timed(launches: Vec<(MadeFor, Option<f64>)>) -> Vec<Launch> {
    launches.into_iter().map(|(made_for, seconds)| Launch { made_for, seconds }).collect()
}
