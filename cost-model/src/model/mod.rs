//! The learned cost model: what a kernel is expected to take, from its tokens and features.
//!
//! Tier 0 reads the features only, for every candidate there is; tier 1 reads the tokens too, for those that may win.
//! `docs/cost-model.md` describes both networks and how they are trained.
//!
//! ```no_run
//! use hwc_cost_model::{model::Model, text::Tokenizer};
//!
//! # let text = "";
//! let model = Model::open("cost.model")?;
//! let units = Tokenizer::default().threads(2).read(text)?;
//! let seconds = model.screen(&units);
//! for prediction in model.runner()?.predict(&units)? {
//!     match &prediction.outside {
//!         Some(why) => println!("the analytic model serves: {why}"),
//!         None => println!("{} to {} s", prediction.low, prediction.high),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod adam;
mod adapt;
pub(crate) mod batch;
mod error;
mod figures;
mod file;
mod interval;
mod loss;
pub(crate) mod matrix;
pub(crate) mod network;
mod onnx;
mod outside;
mod predict;
mod runner;
mod runtime;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
mod train;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::text::Unit;

pub use adapt::Pool;
pub use error::Error;
pub use figures::{Figures, figures};
pub use network::Shape;
pub use outside::Outside;
pub use predict::{CodeEstimate, Prediction};
pub use runner::Runner;
pub use train::{Progress, Training, train};

/// The file of a model for x86-64; `models/README.md` says how it was made and what it is worth.
pub const BUILTIN: &[u8] = include_bytes!("../../models/x86-64.model");

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    content: file::Content,
}

/// What a model was trained on, and how good it is on families that only its intervals have learned from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// Rows, families and programs to learn from.
    pub rows: usize,
    pub families: usize,
    pub programs: usize,
    pub devices: Vec<String>,
    /// Rows and families for the intervals.
    pub calibration_rows: usize,
    pub calibration_families: usize,
    pub seed: u64,
    pub epochs: usize,
    /// Of tier 1 and of tier 0.
    pub figures: Figures,
    pub screen: Figures,
}

impl Model {
    /// # Errors
    /// [`Error::File`], and those of [`Model::from_bytes`].
    pub fn open(path: impl AsRef<Path>) -> Result<Model, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.to_path_buf(), source })?;
        Model::from_bytes(&bytes)
    }

    /// # Errors
    /// Where the bytes are no model, one of another format, one for other tokens, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, Error> {
        file::Content::from_bytes(bytes).map(|content| Model { content })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.content.to_bytes()
    }

    /// Tier 0: seconds, less than a microsecond each. Nothing tells here that a unit is unlike those of training.
    pub fn screen(&self, units: &[Unit]) -> Vec<f64> {
        self.content.screen(&units.iter().collect::<Vec<_>>())
    }

    /// Why predictions about a unit are none to rely on.
    pub fn outside(&self, unit: &Unit) -> Option<Outside> {
        self.content.known.outside(unit)
    }

    /// Whether it was trained on the machine of a unit, or adapted to it.
    pub fn knows_machine(&self, unit: &Unit) -> bool {
        self.content.known.knows_target(unit)
    }

    /// Tier 1, ready to run.
    ///
    /// # Errors
    /// [`Error::NoRuntime`] where there is nothing to run it, with all places that were looked at; [`Error::Runtime`].
    pub fn runner(&self) -> Result<Runner, Error> {
        Runner::new(self)
    }

    /// Tier 1 as an ONNX model. Inputs are `ids` (`[N, L]`, 0 behind the end), `numbers` (`[N, L, 32]`) and `features`
    /// (`[N, F]`), the output is `outputs` (`[N, 8]`).
    pub fn onnx(&self) -> Vec<u8> {
        onnx::model(&self.content, None)
    }

    pub fn report(&self) -> &Report {
        &self.content.report
    }
}
