//! Tier 1, run by ONNX Runtime.

use ort::session::Session;
use ort::value::TensorRef;

use super::batch::{NUMBER_INPUTS, write_numbers};
use super::error::Error;
use super::file::Content;
use super::network::OUTPUTS;
use super::predict::{Prediction, Row};
use super::{Model, runtime};
use crate::text::Unit;

/// Units that run at once.
const BATCH: usize = 64;
/// Sequences are filled up to a multiple of this, so that there are few lengths.
const STEP: usize = 8;

/// Runs tier 1 of a model on one thread.
#[derive(Debug)]
pub struct Runner {
    session: Session,
    content: Content,
    ids: Vec<i64>,
    numbers: Vec<f32>,
    features: Vec<f32>,
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Runtime(error.to_string())
}

impl Runner {
    pub(super) fn new(model: &Model) -> Result<Runner, Error> {
        let environment = runtime::environment()?;
        let mut builder = Session::builder(environment).map_err(refused)?;
        builder = builder.with_intra_threads(1).map_err(refused)?;
        builder = builder.with_inter_threads(1).map_err(refused)?;
        builder = builder.with_memory_pattern(true).map_err(refused)?;
        let session = builder.commit_from_memory(&model.onnx()).map_err(refused)?;
        Ok(Runner { session, content: model.content.clone(), ids: vec![], numbers: vec![], features: vec![] })
    }

    /// What each unit is expected to take, in their order.
    ///
    /// # Errors
    /// [`Error::Runtime`] where the runtime fails.
    pub fn predict(&mut self, units: &[Unit]) -> Result<Vec<Prediction>, Error> {
        let rows = self.outputs(units)?;
        Ok(units.iter().zip(&rows).map(|(unit, row)| self.content.prediction(unit, row)).collect())
    }

    /// The network's outputs.
    pub(super) fn outputs(&mut self, units: &[Unit]) -> Result<Vec<Row>, Error> {
        // Units of about one length run together, so that little is filled up.
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by_key(|number| units[*number].tokens.ids.len());
        let mut rows = vec![[0.0; OUTPUTS]; units.len()];
        for batch in order.chunks(BATCH) {
            let chunk: Vec<&Unit> = batch.iter().map(|number| &units[*number]).collect();
            for (number, row) in batch.iter().zip(self.batch(&chunk)?) {
                rows[*number] = row;
            }
        }
        Ok(rows)
    }

    fn batch(&mut self, units: &[&Unit]) -> Result<Vec<Row>, Error> {
        let longest = units.iter().map(|unit| unit.tokens.ids.len()).max().unwrap_or(0);
        let length = longest.next_multiple_of(STEP).max(STEP);
        let inputs = self.content.scaling.inputs();
        self.ids.resize(units.len() * length, 0);
        self.numbers.resize(units.len() * length * NUMBER_INPUTS, 0.0);
        self.features.clear();
        let places = self.ids.chunks_exact_mut(length).zip(self.numbers.chunks_exact_mut(length * NUMBER_INPUTS));
        for (unit, (ids, numbers)) in units.iter().zip(places) {
            ids.fill(0);
            ids.iter_mut().zip(&unit.tokens.ids).for_each(|(to, id)| *to = i64::from(*id));
            // What stands behind the end of a sequence does not count.
            let rows = numbers.chunks_exact_mut(NUMBER_INPUTS);
            rows.zip(&unit.tokens.numbers).for_each(|(row, all)| write_numbers(row, all));
            self.features.extend(self.content.scaling.inputs_of(unit));
        }
        let count = units.len();
        let ids = TensorRef::from_array_view(([count, length], &*self.ids)).map_err(refused)?;
        let numbers = TensorRef::from_array_view(([count, length, NUMBER_INPUTS], &*self.numbers)).map_err(refused)?;
        let features = TensorRef::from_array_view(([count, inputs], &*self.features)).map_err(refused)?;
        let results = self.session.run(ort::inputs!["ids" => ids, "numbers" => numbers, "features" => features]);
        let results = results.map_err(refused)?;
        let (_, values) = results["outputs"].try_extract_tensor::<f32>().map_err(refused)?;
        let rows = values.as_chunks::<OUTPUTS>().0.to_vec();
        if rows.len() == count { Ok(rows) } else { Err(refused(format!("{} results of {count} kernels", rows.len()))) }
    }
}
