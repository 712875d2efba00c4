//! Measuring programs into a store, one after the other, until there is enough or no time left.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use hwc_cost_model::dataset::{self, Contents, Damage, Row, Store, TESTED, is_test};
use hwc_cost_model::text::Unit;
use hwc_passes::hwk;

use super::sentinel::{BUSY, Sentinels};
use super::{device, environment, for_target, programs, row};
use crate::measure::{self, Measurer};
use crate::{Error, Model, Options, Rewriting, Target};

/// Of ten programs, so many are taken from models, if there are any.
const OF_MODELS: u8 = 3;

/// Which families of programs are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Families {
    #[default]
    All,
    /// Those that a model learns from, or is tested on; [`hwc_cost_model::dataset::split`] divides them.
    Learned,
    Tested,
}

/// What is measured.
pub struct Collection {
    pub seed: u64,
    /// Ends after this time, or so many rows; nothing is no limit.
    pub time: Option<Duration>,
    pub rows: Option<usize>,
    /// Processors that kernels are compiled for, nothing is this one; and threads that run them. Each program draws one.
    pub targets: Vec<Option<String>>,
    pub threads: Vec<NonZeroUsize>,
    /// Schedules of a kernel: the compiler's own, then such as are drawn, more of those that are expected to be fast.
    pub schedules: usize,
    pub families: Families,
    /// Models whose kernels are measured too, with a name and what fixes their sizes.
    pub models: Vec<(String, Model, Options)>,
}

/// How far a collection is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub rows: usize,
    pub programs: usize,
    /// Kernels that a program before them had, or that are of other families.
    pub passed: usize,
    /// What of the store is left out, since it cannot be read.
    pub damaged: Vec<Damage>,
    /// Schedules without a time, and why the last of them has none.
    pub failed: usize,
    pub failure: Option<String>,
    /// Rows measured while the sentinel took longer than it should: by more than [`BUSY`].
    pub busy: usize,
}

/// Measures into a folder until limits are reached or `observe`, which is called after each program, breaks.
///
/// # Errors
/// [`Fault::Environment`] where no worker can be started or the store not written: what was measured before is kept.
/// [`Fault::Input`] for processors that are not known, and models that cannot be compiled.
pub fn collect(
    collection: &Collection,
    folder: &Path,
    measurer: &mut Measurer,
    mut observe: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Progress, Error> {
    let started = Instant::now();
    for name in collection.targets.iter().flatten() {
        hwk::target_of(&Target::cpu(name).options())?;
    }
    let mut store = Store::open(folder).map_err(environment)?;
    let Contents { rows: kept, damaged } = store.read().map_err(environment)?;
    let first = kept.iter().filter(|row| row.seed == collection.seed).map(|row| row.number + 1).max().unwrap_or(0);
    let mut state = State {
        collection,
        device: device()?,
        seen: kept.iter().map(|row| (row.program(), row.threads)).collect(),
        sentinels: Sentinels::default(),
        models: HashMap::new(),
        progress: Progress { damaged, ..Progress::default() },
    };
    for number in first.. {
        let enough = collection.rows.is_some_and(|rows| state.progress.rows >= rows);
        if enough || collection.time.is_some_and(|time| started.elapsed() >= time) {
            break;
        }
        for row in state.program(number, measurer)? {
            store.append(&row).map_err(environment)?;
        }
        state.progress.programs += 1;
        if observe(&state.progress).is_break() {
            break;
        }
    }
    Ok(state.progress)
}

struct State<'a> {
    collection: &'a Collection,
    device: String,
    /// Programs that were measured, each with its threads.
    seen: HashSet<(u64, u32)>,
    sentinels: Sentinels,
    /// Kernels of the models for each target that was drawn.
    models: HashMap<Option<String>, Vec<OfModel>>,
    progress: Progress,
}

/// The name of a model, and a kernel of it.
type OfModel = (String, String);

impl State<'_> {
    /// Rows of a program.
    fn program(&mut self, number: u64, measurer: &mut Measurer) -> Result<Vec<Row>, Error> {
        let mut rng = programs::generator(!self.collection.seed, number);
        let target = drawn(&mut rng, &self.collection.targets).cloned().flatten();
        let threads = drawn(&mut rng, &self.collection.threads).copied().unwrap_or(NonZeroUsize::MIN);
        let options = for_target(Options::new().rewriting(Rewriting::None), target.as_ref());
        let mut kernels = vec![];
        if rng.u8(0..10) < OF_MODELS && !self.collection.models.is_empty() {
            kernels.extend(drawn(&mut rng, self.kernels_of_models(target.as_ref())?).cloned());
        } else {
            let program = Model::from_mlir(programs::program(self.collection.seed, number));
            let all = self.or_failed(measure::kernels(&program, &options)).unwrap_or_default();
            kernels.extend(all.into_iter().map(|kernel| ("random".to_string(), kernel)));
        }
        measurer.set_threads(threads);
        let mut rows = vec![];
        for (source, kernel) in kernels {
            if !self.wanted(&kernel, threads) {
                self.progress.passed += 1;
                continue;
            }
            let all = measure::candidates(&kernel, &options, usize::MAX, threads);
            let Some(candidates) = self.or_failed(all) else { continue };
            let candidates = sample(&mut rng, candidates, self.collection.schedules);
            for batch in candidates.chunks(measure::BATCH - 1) {
                let (outcomes, drift) = self.sentinels.measure(measurer, batch, threads)?;
                for (kernel, outcome) in batch.iter().zip(outcomes) {
                    let Some(measurement) = self.or_failed(outcome.measured()) else { continue };
                    self.progress.rows += 1;
                    self.progress.busy += usize::from(drift > BUSY);
                    rows.push(Row {
                        threads: threads.get() as u32,
                        device: self.device.clone(),
                        source: source.clone(),
                        seed: self.collection.seed,
                        number,
                        ..row(kernel, measurement, drift)
                    });
                }
            }
        }
        Ok(rows)
    }

    /// Whether a kernel is of a wanted family and was not measured before; from now on it was.
    fn wanted(&mut self, kernel: &str, threads: NonZeroUsize) -> bool {
        let Ok(unit) = Unit::of_kernel(kernel, threads.get() as u32) else { return false };
        let of_families = match self.collection.families {
            Families::All => true,
            Families::Learned => !is_test(unit.family, TESTED),
            Families::Tested => is_test(unit.family, TESTED),
        };
        of_families && self.seen.insert((dataset::program(kernel), threads.get() as u32))
    }

    fn or_failed<T, E: ToString>(&mut self, result: Result<T, E>) -> Option<T> {
        result.inspect_err(|error| self.fail(error.to_string())).ok()
    }

    fn fail(&mut self, why: String) {
        self.progress.failed += 1;
        self.progress.failure = Some(why);
    }

    /// Kernels of all models for a target.
    fn kernels_of_models(&mut self, target: Option<&String>) -> Result<&[OfModel], Error> {
        let known = match self.models.entry(target.cloned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(missing) => {
                let mut all = vec![];
                for (name, model, options) in &self.collection.models {
                    let kernels = measure::kernels(model, &for_target(options.clone(), target))?;
                    all.extend(kernels.into_iter().map(|kernel| (name.clone(), kernel)));
                }
                missing.insert(all)
            }
        };
        Ok(known)
    }
}

fn drawn<'a, T>(rng: &mut Rng, all: &'a [T]) -> Option<&'a T> {
    if all.is_empty() { None } else { all.get(rng.usize(0..all.len())) }
}

/// The first, and up to `count` in all: from the front with more likelihood than from the end.
fn sample(rng: &mut Rng, all: Vec<String>, count: usize) -> Vec<String> {
    if all.len() <= count {
        return all;
    }
    let mut taken = vec![0];
    while taken.len() < count {
        let place = ((all.len() - 1) as f64 * rng.f64().powi(3)) as usize + 1;
        // A place that is taken gives way to the next free one behind it.
        let free = (place..all.len()).chain(1..place).find(|place| !taken.contains(place));
        taken.extend(free);
    }
    taken.sort_unstable();
    let mut places = taken.into_iter().peekable();
    let kept = all.into_iter().enumerate().filter(|(place, _)| places.next_if_eq(place).is_some());
    kept.map(|(_, candidate)| candidate).collect()
}
