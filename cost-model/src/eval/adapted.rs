//! A model adapted to the machines that tests are of.

use std::collections::{BTreeSet, HashSet};

use fastrand::Rng;

use crate::dataset::Example;
use crate::model::{Error, Model, Pool};

/// Kernels of a machine that may be measured, at most.
const POOL: usize = 256;

/// Adapts a model to each machine of `tested` that it does not know, by `samples` kernels of `pool` that were measured
/// there: they are chosen among 256 programs that are drawn, each under the schedule that stands first and run by one
/// thread. Nothing else of the pool is looked at, and nothing of the tests but what machines they are of.
///
/// # Errors
/// Those of [`Pool`]; fewer kernels of a machine than samples.
pub fn adapted(model: &Model, pool: &[Example], tested: &[Example], samples: usize, seed: u64) -> Result<Model, Error> {
    let is_unknown = |example: &&Example| !model.knows_machine(&example.unit);
    let targets: BTreeSet<u64> = tested.iter().filter(is_unknown).filter_map(|example| example.unit.target).collect();
    let mut model = model.clone();
    for target in targets {
        let mut seen = HashSet::new();
        let mut kernels: Vec<&Example> =
            pool.iter().filter(|example| example.threads == 1 && example.unit.target == Some(target)).collect();
        kernels.retain(|example| seen.insert(example.program));
        Rng::with_seed(seed ^ target).shuffle(&mut kernels);
        kernels.truncate(POOL);
        let units = kernels.iter().map(|example| example.unit.clone()).collect();
        let chosen = Pool::new(&model, units)?;
        let measured = chosen.design(samples)?.into_iter().map(|place| (place, kernels[place].seconds));
        model = chosen.adapt(&measured.collect::<Vec<_>>())?;
    }
    Ok(model)
}
