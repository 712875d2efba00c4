//! The learned model, judged as others are.

use super::{Error, Estimate, Predictor};
use crate::dataset::Example;
use crate::model::{self, Model, Prediction, Runner};
use crate::text::Unit;

/// Tier 1 of a model.
#[derive(Debug)]
pub struct Learned {
    runner: Runner,
    name: String,
}

impl Learned {
    /// # Errors
    /// Where there is nothing to run it; see [`Model::runner`].
    pub fn new(model: &Model) -> Result<Learned, model::Error> {
        Learned::named(model, "learned")
    }

    /// # Errors
    /// As [`Learned::new`].
    pub fn named(model: &Model, name: impl Into<String>) -> Result<Learned, model::Error> {
        Ok(Learned { runner: model.runner()?, name: name.into() })
    }
}

impl Predictor for Learned {
    fn name(&self) -> &str {
        &self.name
    }

    fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error> {
        let failed = |error: model::Error| Error::Failed { name: self.name.clone(), why: error.to_string() };
        Ok(self.runner.predict(&units(examples)).map_err(failed)?.iter().map(Estimate::from).collect())
    }
}

/// Tier 0 of a model.
#[derive(Clone, Debug)]
pub struct Screen(pub Model);

impl Predictor for Screen {
    fn name(&self) -> &str {
        "learned, tier 0"
    }

    fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error> {
        Ok(self.0.screen(&units(examples)).into_iter().map(Estimate::of).collect())
    }
}

impl From<&Prediction> for Estimate {
    fn from(prediction: &Prediction) -> Estimate {
        let Prediction { seconds, low, high, code, .. } = prediction;
        Estimate {
            seconds: *seconds,
            interval: Some((*low, *high)),
            registers: Some(code.registers),
            spills: Some(code.spills),
            instructions: Some(code.instructions),
            code_bytes: Some(code.code_bytes),
            mca: Some(code.mca),
        }
    }
}

fn units(examples: &[Example]) -> Vec<Unit> {
    examples.iter().map(|example| example.unit.clone()).collect()
}
