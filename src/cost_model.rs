//! Schedules chosen by a learned cost model.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hwc_cost_model::model::{Model, Prediction, Runner};
use hwc_cost_model::text::{Kind, Tokenizer, Unit};
use hwc_dialects::hwk::{Schedule, Space, Target};
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
const MARGIN: f64 = 0.03;

/// A learned model of what kernels take. Compilations may share it.
#[derive(Clone)]
pub struct CostModel(Arc<Inner>);

struct Inner {
    model: Model,
    digest: String,
    state: Mutex<State>,
}

struct State {
    /// Tier 1, or why there is nothing to run it.
    runner: Result<Runner, String>,
    /// What was chosen for kernels, by target and text.
    known: HashMap<String, Verdict>,
}

/// The schedule that is chosen, nothing where that is what estimates prefer; or why none is.
type Verdict = Result<Option<(Space, Schedule)>, String>;

impl CostModel {
    /// Reads what `hwc-opt tune train` has written.
    ///
    /// # Errors
    /// [`Fault::Input`] where it is no model, or one for another build; [`Fault::Environment`] where it cannot be read.
    /// Where there is nothing to run it, estimates choose, and compilations say so.
    pub fn open(path: impl AsRef<Path>) -> Result<CostModel, Error> {
        let path = path.as_ref();
        let model = Model::open(path).map_err(|error| match error {
            hwc_cost_model::model::Error::File { .. } => Error::new(Fault::Environment, error),
            _ => Error::new(Fault::Input, format!("{}: {error}", path.display())),
        })?;
        let runner = model.runner().map_err(|error| error.to_string());
        let digest = blake3::hash(&model.to_bytes()).to_hex().to_string();
        let state = Mutex::new(State { runner, known: HashMap::new() });
        Ok(CostModel(Arc::new(Inner { model, digest, state })))
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
    ) -> Result<Verdict, CodegenError> {
        let key = format!("{target} {}", hwk::plain_text(kernel));
        // What panicked in another choice has left nothing half done.
        let State { runner, known } = &mut *self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let runner = match runner {
            Ok(runner) => runner,
            Err(why) => return Ok(Err(format!("the cost model is not used, and estimates choose schedules: {why}"))),
        };
        let verdict = match known.get(&key) {
            Some(known) => known.clone(),
            None => {
                let Some(all) = alternatives()? else { return Ok(Ok(None)) };
                let (space, schedule) = (Some(all.space.clone()), Some(all.own.clone()));
                hwk::choose(context, kernel, &Choice { space, schedule, target: Some(target.clone()) });
                let verdict = self.0.verdict(runner, &hwk::unnamed_text(kernel), all);
                known.insert(key, verdict.clone());
                verdict
            }
        };
        let name = ir::symbol(kernel).unwrap_or_default();
        let unknown = |why| format!("the cost model does not know @{name}, and estimates choose its schedule: {why}");
        Ok(verdict.map_err(unknown))
    }

    /// What kernels with space, schedule and target are expected to take, by their texts; nothing where the model does not
    /// know, or cannot be run.
    pub(crate) fn predict(&self, texts: &[String]) -> Vec<Option<Learned>> {
        let units: Vec<Option<Unit>> = texts.iter().map(|text| unit(text).ok()).collect();
        let known: Vec<Unit> = units.iter().flatten().cloned().collect();
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let predictions = state.runner.as_mut().ok().and_then(|runner| runner.predict(&known).ok()).unwrap_or_default();
        let inside = |prediction: Prediction| {
            let Prediction { seconds, low, high, outside, .. } = prediction;
            outside.is_none().then_some(Learned { seconds, low, high })
        };
        let mut predictions = predictions.into_iter();
        units.into_iter().map(|unit| unit.and_then(|_| predictions.next()).and_then(inside)).collect()
    }
}

impl Inner {
    fn verdict(&self, runner: &mut Runner, text: &str, mut all: Alternatives) -> Verdict {
        let clause = |schedule: &Schedule| format!("schedule(#hwk.schedule<{schedule}>)");
        let own = clause(&all.own);
        let others = all.others.iter().take(SCREENED).map(|other| text.replacen(&own, &clause(other), 1));
        let texts = [text.to_string()].into_iter().chain(others);
        let units: Vec<Unit> = texts.map(|text| unit(&text)).collect::<Result<_, _>>()?;
        if let Some(outside) = units.first().and_then(|own| self.model.outside(own)) {
            return Err(outside.to_string());
        }
        let screened = self.model.screen(&units);
        let mut compared: Vec<usize> = (1..units.len()).collect();
        compared.sort_by(|a, b| screened[*a].total_cmp(&screened[*b]));
        compared.truncate(COMPARED - 1);
        compared.insert(0, 0);
        let candidates: Vec<Unit> = compared.iter().map(|number| units[*number].clone()).collect();
        let predictions = runner.predict(&candidates).map_err(|error| error.to_string())?;
        let known = compared.into_iter().zip(&predictions).filter(|(_, prediction)| prediction.outside.is_none());
        let best = known.min_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds));
        let own = predictions.first().map_or(f64::INFINITY, |own| own.seconds);
        let better = best.filter(|(_, best)| best.seconds < own * (1.0 - MARGIN));
        let number = better.and_then(|(number, _)| number.checked_sub(1));
        Ok(number.map(|number| (all.space, all.others.swap_remove(number))))
    }
}

/// A kernel as a model reads it: run by one thread.
fn unit(text: &str) -> Result<Unit, String> {
    let units = Tokenizer::default().threads(1).read(text).map_err(|error| error.to_string())?;
    units.into_iter().find(|unit| unit.kind == Kind::Kernel).ok_or_else(|| "the text has no kernel".into())
}
