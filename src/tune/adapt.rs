//! A cost model adapted to a machine by a few kernels that are measured there.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::Path;

use hwc_cost_model::dataset::{self, Damage, Example, Row, Store};
use hwc_cost_model::model::{self, Pool};
use hwc_cost_model::text::Unit;
use hwc_passes::hwk;

use super::sentinel::Sentinels;
use super::{device, environment, for_target, program, row};
use crate::measure::{self, Measurer, Outcome};
use crate::{Error, Fault, Model, Options, Rewriting, Target};

/// Random programs whose kernels may be measured.
const PROGRAMS: u64 = 250;
/// Measured kernels at least.
const FEWEST: usize = 3;

/// What is measured.
pub struct Adapting {
    /// Kernels; fewer where some of them cannot be run.
    pub samples: NonZeroUsize,
    /// Other programs for each number.
    pub seed: u64,
    /// The processor that kernels are compiled for; nothing is this one.
    pub target: Option<String>,
}

/// An adapted model.
#[derive(Debug)]
pub struct Adapted {
    pub model: model::Model,
    pub device: String,
    /// For each kernel that was measured, seconds: expected by the model as it was, by the model adapted by the others,
    /// measured.
    pub samples: Vec<[f64; 3]>,
    /// Why kernels could not be measured.
    pub failures: Vec<String>,
    /// What of the store is left out, since it cannot be read.
    pub damaged: Vec<Damage>,
}

/// Adapts a model to this machine by kernels of random programs, each run by one thread under the schedule that the compiler
/// chooses. Which kernels tell most is decided before any is measured. What they take is kept in a folder, as
/// [`super::collect`] does, and what it has of them is not measured again.
///
/// # Errors
/// [`Fault::Input`] for a processor that is not known; [`Fault::Environment`] where no worker can be started, the store not
/// written, too few kernels be measured, or where there is nothing to run the model.
pub fn adapt(
    model: &model::Model,
    adapting: &Adapting,
    folder: &Path,
    measurer: &mut Measurer,
    mut observe: impl FnMut(&str, u64, u64),
) -> Result<Adapted, Error> {
    let options = for_target(Options::new().rewriting(Rewriting::None), adapting.target.as_ref());
    if let Some(name) = &adapting.target {
        hwk::target_of(&Target::cpu(name).options())?;
    }
    let mut store = Store::open(folder).map_err(environment)?;
    let (dataset::Contents { rows: kept, damaged }, device) = (store.read().map_err(environment)?, device()?);
    let (mut candidates, mut units, mut seen) = (vec![], vec![], HashSet::new());
    for number in 0..PROGRAMS {
        observe("making kernels", number, PROGRAMS);
        let kernels = measure::kernels(&Model::from_mlir(program(adapting.seed, number)), &options)?;
        for kernel in kernels {
            let one = measure::candidates(&kernel, &options, 1, NonZeroUsize::MIN)?;
            let candidate = one.into_iter().next().filter(|candidate| seen.insert(dataset::program(candidate)));
            let Some((unit, text)) = candidate.and_then(|text| Some((Unit::of_kernel(&text, 1).ok()?, text))) else {
                continue;
            };
            candidates.push((number, text));
            units.push(unit);
        }
    }
    let pool = Pool::new(model, units).map_err(of_model)?;
    let chosen = pool.design(adapting.samples.get()).map_err(of_model)?;
    let mut known: HashMap<&str, &Row> = HashMap::new();
    known.extend(kept.iter().filter(|row| row.device == device && row.threads == 1).map(|row| (&*row.kernel, row)));
    let (mut sentinels, mut measured, mut failures) = (Sentinels::default(), vec![], vec![]);
    measurer.set_threads(NonZeroUsize::MIN);
    for (done, place) in chosen.iter().enumerate() {
        observe("measuring", done as u64, chosen.len() as u64);
        let (number, kernel) = &candidates[*place];
        let row = match known.get(&**kernel) {
            Some(row) => (*row).clone(),
            None => {
                let (outcomes, drift) = sentinels.measure(measurer, std::slice::from_ref(kernel), NonZeroUsize::MIN)?;
                let measurement = match outcomes.into_iter().next().map(Outcome::measured) {
                    Some(Ok(measurement)) => measurement,
                    Some(Err(why)) => {
                        failures.push(format!("a kernel of program {number}: {why}"));
                        continue;
                    }
                    None => continue,
                };
                let (seed, number, device) = (adapting.seed, *number, device.clone());
                let row = Row { seed, number, device, ..row(kernel, measurement, drift) };
                store.append(&row).map_err(environment)?;
                row
            }
        };
        let example = Example::new(&row).map_err(|error| Error::new(Fault::Defect, error))?;
        measured.push((*place, example.seconds));
    }
    if measured.len() < FEWEST {
        let why =
            format!("{} kernels could be measured, and {FEWEST} are needed: {}", measured.len(), failures.join("; "));
        return Err(Error::new(Fault::Environment, why));
    }
    let model = pool.adapt(&measured).map_err(of_model)?;
    let left_out = pool.left_out(&measured).map_err(of_model)?;
    let samples = left_out.into_iter().zip(&measured).map(|((before, after), (_, seconds))| [before, after, *seconds]);
    Ok(Adapted { model, device, samples: samples.collect(), failures, damaged })
}

fn of_model(error: model::Error) -> Error {
    let fault = if matches!(error, model::Error::Examples(_)) { Fault::Input } else { Fault::Environment };
    Error::new(fault, error)
}
