//! Kernels as complete texts, with the schedules to measure them by.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use hwc_dialects::hwk::{Estimate, Schedule, divisions};
use hwc_dialects::mlir::hwk::{Choice, ESTIMATE};
use hwc_passes::codegen::{self, ir};
use hwc_passes::{hwk, print};
use melior::Context;
use melior::ir::operation::OperationLike;

use super::{Measured, Measurement, Store};
use crate::compiler::context;
use crate::frontend::Program;
use crate::{Compiler, Error, Fault, Model, Options};

/// Each kernel of a model as a text that is complete by itself, with the schedule that the compiler chooses.
///
/// # Errors
/// As [`Compiler::compile`].
pub fn kernels(model: &Model, options: &Options) -> Result<Vec<String>, Error> {
    let context = context();
    let compiler = Compiler::new(Options { in_place: true, ..options.clone() });
    let program = compiler.scheduled(&context, model)?;
    Ok(ir::hwk_kernels(ir::module_op(&program.kernels)).into_iter().map(print::operation).collect())
}

/// A kernel, given as [`kernels`] gives it, under up to `count` schedules: the one that it has first, then others by
/// what they are expected to take, by the cost model of the options if there is one, each with its loops divided in all ways if there are several threads.
///
/// # Errors
/// As [`Compiler::compile`].
pub fn candidates(kernel: &str, options: &Options, count: usize, threads: NonZeroUsize) -> Result<Vec<String>, Error> {
    let context = context();
    let options = &Options { in_place: true, ..options.clone() };
    let compiler = Compiler::new(options.clone());
    let program = Program::read(&context, &Model::from_mlir(kernel), options)?;
    let kernel_op = only_kernel(&program)?;
    let mut first = print::operation(kernel_op);
    let own = Choice::read(|clause| kernel_op.attribute(clause).ok()).ok().and_then(|choice| choice.schedule);
    let target = compiler.target(&program)?;
    for clause in ["space", "schedule", ESTIMATE] {
        ir::remove_attribute(kernel_op, clause);
    }
    let (mut functions, _) = compiler.to_kernel_form(&context, &program, |_| false)?;
    let Some(mut all) = codegen::alternatives(&context, &mut functions, &target)? else { return Ok(vec![first]) };
    let target = hwk::target_of(&target)?;
    let written = |schedule: &Schedule, estimate: &Estimate| {
        let choice = Choice { space: Some(all.space.clone()), schedule: Some(schedule.clone()), ..Choice::default() };
        hwk::choose(&context, kernel_op, &choice);
        hwk::estimate(&context, kernel_op, estimate);
        print::operation(kernel_op)
    };
    // The schedule that it has may be somebody else's, of which nothing is estimated.
    let same = own.and_then(|own| {
        let alike = [&all.own].into_iter().chain(&all.others).find(|(other, _)| is_same_for_one(&own, other));
        alike.map(|(schedule, estimate)| (own, schedule.clone(), *estimate))
    });
    if let Some((own, alike, estimate)) = same {
        first = written(&own, &estimate);
        if threads == NonZeroUsize::MIN {
            all.others.retain(|(other, _)| *other != alike);
        }
    }
    if let Some(model) = &options.cost_model {
        written(&all.own.0, &all.own.1);
        all.others = model.sorted(&hwk::unnamed_text(kernel_op), &all);
    }
    let mut seen = HashSet::from([first.clone()]);
    let mut texts = vec![first];
    for (schedule, estimate) in &all.others {
        let ways = if threads.get() > 1 { divisions(schedule, &all.space, &target) } else { vec![] };
        for schedule in [schedule].into_iter().chain(&ways) {
            if texts.len() >= count {
                return Ok(texts);
            }
            let text = written(schedule, estimate);
            if seen.insert(text.clone()) {
                texts.push(text);
            }
        }
    }
    Ok(texts)
}

/// Whether one thread does the same by both schedules; no order is the one that follows from the rest of a schedule.
fn is_same_for_one(own: &Schedule, other: &Schedule) -> bool {
    let order = if other.order.is_empty() { vec![] } else { own.order.clone() };
    Schedule { threads: None, order, ..own.clone() } == Schedule { threads: None, ..other.clone() }
}

fn only_kernel<'c>(program: &Program<'c>) -> Result<ir::Op<'c>, Error> {
    match ir::hwk_kernels(ir::module_op(&program.kernels))[..] {
        [kernel] => Ok(kernel),
        ref all => Err(Error::new(Fault::Input, format!("expected one kernel, found {}", all.len()))),
    }
}

impl Store {
    /// Keeps what a kernel took, given as [`kernels`] gives it.
    ///
    /// # Errors
    /// [`Fault::Input`] where the text is no kernel with space, schedule and target; [`Fault::Environment`] where the
    /// store cannot be written.
    pub fn keep(&self, kernel: &str, measurement: &Measurement) -> Result<(), Error> {
        let context = context();
        let program = Program::read(&context, &Model::from_mlir(kernel), &Options::new())?;
        let kernel = only_kernel(&program)?;
        let wrong = |errors: Vec<String>| Error::new(Fault::Input, errors.join("; "));
        let choice = Choice::read(|clause| kernel.attribute(clause).ok()).map_err(wrong)?;
        let Choice { space: Some(space), schedule: Some(schedule), target: Some(target) } = choice else {
            return Err(wrong(vec!["the kernel lacks a space, a schedule or a target".into()]));
        };
        let measured = Measured {
            space: space.to_string(),
            schedule: schedule.to_string(),
            warm: measurement.warm.median,
            cold: measurement.cold.median,
        };
        self.add(&self.file(&hwk::plain_text(kernel), &target), &measured)
    }

    /// Gives the kernels of a program that have no schedule the best one that was measured; warnings tell what could not
    /// be read. How many were found comes first.
    pub(crate) fn choose<'c>(
        &self,
        context: &'c Context,
        program: &Program<'c>,
        target: &codegen::TargetOptions,
    ) -> Result<(usize, Vec<String>), Error> {
        let machine = hwk::target_of(target)?;
        let (mut found, mut warnings) = (0, vec![]);
        for kernel in ir::hwk_kernels(ir::module_op(&program.kernels)) {
            if kernel.attribute("schedule").is_ok() {
                continue;
            }
            let (best, warned) = self.best(&self.file(&hwk::plain_text(kernel), &machine));
            warnings.extend(warned);
            if let Some((space, schedule)) = best.and_then(|best| best.choice()) {
                let choice = Choice { space: Some(space), schedule: Some(schedule), ..Choice::default() };
                hwk::choose(context, kernel, &choice);
                found += 1;
            }
        }
        Ok((found, warnings))
    }
}
