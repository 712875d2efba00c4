//! Schedules chosen by a learned cost model.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use hwc_cost_model::model::{BUILTIN, Model, Prediction, Runner};
use hwc_cost_model::text::Unit;
use hwc_dialects::hwk::{Estimate, Schedule, Space, Target};
use hwc_dialects::mlir::hwk::Choice;
use hwc_passes::codegen::{Alternatives, CodegenError, Enumerate, ir};
use hwc_passes::hwk;
use hwc_passes::optimize::explain::Learned;
use melior::Context;

use crate::{Error, Fault};

/// Schedules of a kernel that tier 0 looks at, best estimates first, and of these, those that tier 1 looks at.
const SCREENED: usize = 256;
const COMPARED: usize = 64;
/// How much less than the schedule that estimates prefer another one has to take to be chosen.
const MARGIN: f64 = 0.08;
/// How many times as long as what they prefer estimates may expect it to take.
const UNLIKELY: f64 = 2.0;

/// A learned model of what kernels take. Compilations may share it.
#[derive(Clone)]
pub struct CostModel(Arc<Inner>);

struct Inner {
    model: Model,
    digest: String,
    runner: Mutex<Tier1>,
    /// What was chosen for kernels, by target and text.
    known: Mutex<HashMap<String, Verdict>>,
}

/// Tier 1, or why there is nothing to run it. It is made while a model is read.
struct Tier1 {
    coming: Option<JoinHandle<Result<Runner, String>>>,
    here: Result<Runner, String>,
}

impl Tier1 {
    fn get(&mut self) -> Result<&mut Runner, String> {
        if let Some(made) = self.coming.take().and_then(|thread| thread.join().ok()) {
            self.here = made;
        }
        self.here.as_mut().map_err(|why| why.clone())
    }
}

/// A kernel that the model is asked about: what it is known by, its text under the schedule that estimates prefer, and what
/// there is to choose from.
pub(crate) struct Question {
    key: String,
    text: String,
    all: Alternatives,
}

/// What the model says of a kernel, or why it cannot tell.
type Verdict = Result<Chosen, String>;

#[derive(Clone, Debug)]
struct Chosen {
    /// Nothing where it is what estimates prefer.
    schedule: Option<(Space, Schedule)>,
    expected: Learned,
    /// Others that cannot be told from it, the best first: see [`Prediction::apart`].
    contenders: Vec<Schedule>,
}

impl CostModel {
    /// The model that comes with the compiler. Where there is nothing to run it, estimates choose, and compilations say so.
    ///
    /// # Errors
    /// [`Fault::Defect`] where it is no model for this build.
    pub fn builtin() -> Result<CostModel, Error> {
        Model::from_bytes(BUILTIN).map(CostModel::new).map_err(|error| Error::new(Fault::Defect, error))
    }

    /// Reads what `hwc-opt tune train` has written.
    ///
    /// # Errors
    /// [`Fault::Input`] where it is no model, or one for another build; [`Fault::Environment`] where it cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<CostModel, Error> {
        let path = path.as_ref();
        Model::open(path).map(CostModel::new).map_err(|error| match error {
            hwc_cost_model::model::Error::File { .. } => Error::new(Fault::Environment, error),
            _ => Error::new(Fault::Input, format!("{}: {error}", path.display())),
        })
    }

    fn new(model: Model) -> CostModel {
        let digest = blake3::hash(&model.to_bytes()).to_hex().to_string();
        let copy = model.clone();
        let coming = Some(thread::spawn(move || copy.runner().map_err(|error| error.to_string())));
        let runner = Tier1 { coming, here: Err("making its network ready failed".into()) };
        CostModel(Arc::new(Inner { model, digest, runner: Mutex::new(runner), known: Mutex::default() }))
    }

    /// What tells it from others: what is compiled by another one may be other code.
    pub(crate) fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The schedule that a kernel is expected to run fastest by; nothing where that is the one that estimates prefer.
    ///
    /// # Errors
    /// Those of enumerating schedules; within, why the model cannot tell.
    pub(crate) fn choose<'c>(
        &self,
        context: &'c Context,
        kernel: ir::Op<'c>,
        target: &Target,
        alternatives: Enumerate,
    ) -> Result<Result<Option<(Space, Schedule)>, String>, CodegenError> {
        if let Err(why) = self.runner().get() {
            return Ok(Err(format!("the cost model is not used, and estimates choose schedules: {why}")));
        }
        let key = key(kernel, target);
        if !self.known().contains_key(&key)
            && let Some(question) = self.question(context, kernel, target, alternatives)?
        {
            self.answer(question);
        }
        let name = ir::symbol(kernel).unwrap_or_default();
        let unknown =
            |why: &String| format!("the cost model does not know @{name}, and estimates choose its schedule: {why}");
        let known = self.known();
        let Some(verdict) = known.get(&key) else { return Ok(Ok(None)) };
        Ok(verdict.as_ref().map(|chosen| chosen.schedule.clone()).map_err(unknown))
    }

    /// What there is to ask of a kernel, unless that was answered before, or it has no loops to schedule.
    ///
    /// # Errors
    /// Those of enumerating schedules.
    pub(crate) fn question<'c>(
        &self,
        context: &'c Context,
        kernel: ir::Op<'c>,
        target: &Target,
        alternatives: Enumerate,
    ) -> Result<Option<Question>, CodegenError> {
        let key = key(kernel, target);
        if self.known().contains_key(&key) {
            return Ok(None);
        }
        let Some(all) = alternatives()? else { return Ok(None) };
        let copy = ir::clone_op(kernel);
        let copy = ir::detached_op(&copy);
        let (space, schedule) = (Some(all.space.clone()), Some(all.own.0.clone()));
        hwk::choose(context, copy, &Choice { space, schedule, target: Some(target.clone()) });
        Ok(Some(Question { key, text: hwk::unnamed_text(copy), all }))
    }

    /// Whether there is nothing to ask of a kernel: it was answered, or there is nothing that could answer.
    pub(crate) fn is_done(&self, kernel: ir::Op, target: &Target) -> bool {
        self.runner().get().is_err() || self.known().contains_key(&key(kernel, target))
    }

    /// Makes up its mind about a kernel.
    pub(crate) fn answer(&self, Question { key, text, all }: Question) {
        let verdict = self.runner().get().and_then(|runner| self.0.verdict(runner, &text, all));
        self.known().insert(key, verdict);
    }

    // What panicked in another choice has left nothing half done.
    fn runner(&self) -> MutexGuard<'_, Tier1> {
        self.0.runner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Verdict>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schedules of a kernel, those first that are expected to be the fastest; `text` is the kernel under the schedule
    /// that estimates prefer. Where the model does not know it, they keep their order.
    pub(crate) fn sorted(&self, text: &str, all: &Alternatives) -> Vec<(Schedule, Estimate)> {
        let ranked = self.runner().get().ok().and_then(|runner| self.0.ranked(runner, text, all).ok());
        let first: Vec<usize> =
            ranked.into_iter().flat_map(|(_, ranked)| ranked).map(|candidate| candidate.number).collect();
        let rest = (0..all.others.len()).filter(|number| !first.contains(number));
        first.iter().copied().chain(rest).map(|number| all.others[number].clone()).collect()
    }

    /// What a kernel is expected to take under the schedule that was chosen for it, if one was.
    pub(crate) fn expected(&self, kernel: ir::Op, target: &Target) -> Option<Learned> {
        self.chosen(kernel, target).map(|chosen| chosen.expected)
    }

    /// Up to `count` schedules that cannot be told from the one that was chosen for a kernel, the best first: only measuring
    /// decides.
    pub(crate) fn contenders(&self, kernel: ir::Op, target: &Target, count: usize) -> Vec<Schedule> {
        self.chosen(kernel, target).map_or(vec![], |chosen| chosen.contenders.into_iter().take(count).collect())
    }

    fn chosen(&self, kernel: ir::Op, target: &Target) -> Option<Chosen> {
        self.known().get(&key(kernel, target))?.as_ref().ok().cloned()
    }
}

impl Inner {
    fn verdict(&self, runner: &mut Runner, text: &str, mut all: Alternatives) -> Verdict {
        let (own, ranked) = self.ranked(runner, text, &all)?;
        let learned =
            |Prediction { seconds, low, high, .. }: &Prediction| Learned { seconds: *seconds, low: *low, high: *high };
        let best = ranked.iter().position(|candidate| candidate.agreed);
        let better = best.filter(|best| ranked[*best].expected.seconds < own.seconds * (1.0 - MARGIN));
        let taken = better.map_or(&own, |best| &ranked[best].expected);
        let is_open = |prediction: &Prediction| prediction.seconds <= taken.seconds * taken.apart;
        let others =
            ranked.iter().enumerate().filter(|(place, other)| Some(*place) != better && is_open(&other.expected));
        let mut open: Vec<(f64, Schedule)> =
            others.map(|(_, other)| (other.expected.seconds, all.others[other.number].0.clone())).collect();
        if better.is_some() && is_open(&own) {
            open.push((own.seconds, all.own.0.clone()));
            open.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let (expected, contenders) = (learned(taken), open.into_iter().map(|(_, schedule)| schedule).collect());
        let schedule = better.map(|best| (all.space, all.others.swap_remove(ranked[best].number).0));
        Ok(Chosen { schedule, expected, contenders })
    }

    /// What is expected of a kernel of this text under the schedule that it has, and of those of the others that may be the
    /// fastest, these first.
    fn ranked(
        &self,
        runner: &mut Runner,
        text: &str,
        all: &Alternatives,
    ) -> Result<(Prediction, Vec<Candidate>), String> {
        let clause = |schedule: &Schedule| format!("schedule(#hwk.schedule<{schedule}>)");
        let own = clause(&all.own.0);
        let unit_of = |(schedule, estimate): &(Schedule, Estimate)| {
            Unit::of_kernel(&text.replacen(&own, &clause(schedule), 1), 1)
                .map(|unit| unit.estimated(&estimate.numbers()))
        };
        let own = Unit::of_kernel(text, 1)?.estimated(&all.own.1.numbers());
        if let Some(outside) = self.model.outside(&own) {
            return Err(outside.to_string());
        }
        // A kernel that is measured by itself finds its operands in the caches, so it does not show what streaming is for.
        let alike = |number: &usize| all.others[*number].0.stream == all.own.0.stream;
        let numbers: Vec<usize> = (0..all.others.len()).filter(alike).take(SCREENED).collect();
        let others = numbers.iter().map(|number| unit_of(&all.others[*number]));
        let others: Vec<Unit> = others.collect::<Result<_, _>>()?;
        let screened = self.model.screen(&others);
        let of_own = self.model.screen(std::slice::from_ref(&own)).first().copied().unwrap_or(0.0);
        let mut compared: Vec<usize> = (0..others.len()).collect();
        compared.sort_by(|a, b| screened[*a].total_cmp(&screened[*b]));
        compared.truncate(COMPARED - 1);
        let units: Vec<Unit> = [own].into_iter().chain(compared.iter().map(|number| others[*number].clone())).collect();
        let mut predictions = runner.predict(&units).map_err(|error| error.to_string())?.into_iter();
        let own = predictions.next().ok_or("nothing was predicted")?;
        let candidate = |(expected, place): (Prediction, usize)| {
            let (number, longest) = (numbers[place], all.own.1.cycles * UNLIKELY);
            let agreed = screened[place] < of_own && all.others[number].1.cycles <= longest;
            Candidate { expected, number, agreed }
        };
        let known = predictions.zip(compared).filter(|(expected, _)| expected.outside.is_none());
        let mut ranked: Vec<Candidate> = known.map(candidate).collect();
        ranked.sort_by(|a, b| a.expected.seconds.total_cmp(&b.expected.seconds));
        Ok((own, ranked))
    }
}

/// One of the other schedules of a kernel.
struct Candidate {
    expected: Prediction,
    /// Its place among all of them.
    number: usize,
    /// Whether tier 0 expects it to be faster than the schedule that estimates prefer, too, and estimates not the contrary.
    agreed: bool,
}

/// What choices are known by: the target, and what the kernel computes.
fn key(kernel: ir::Op, target: &Target) -> String {
    format!("{target} {}", hwk::plain_text(kernel))
}
