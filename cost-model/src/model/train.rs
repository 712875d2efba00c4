//! Training: examples to a model.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use fastrand::Rng;

use super::adam::Adam;
use super::batch::{Batch, Scaling};
use super::error::Error;
use super::figures::figures;
use super::file::Content;
use super::interval::Margins;
use super::loss::{Groups, Standard, TIME, Target, loss};
use super::matrix::Matrix;
use super::network::{Network, Perceptron, Sequence, Shape};
use super::outside::Known;
use super::predict::{Row, interval, outputs};
use super::tape::Tape;
use super::{Model, Report};
use crate::dataset::{Example, bound, is_test};
use crate::text::{Unit, fingerprint};

/// How to train. The same options and examples give the same file, whatever the threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    pub seed: u64,
    /// How often tier 1 sees each example; tier 0 does twice as often.
    pub epochs: usize,
    /// Networks of tier 1 that are trained with other seeds, and whose mean is the prediction.
    pub members: usize,
    pub shape: Shape,
    /// Of AdamW, at its greatest.
    pub rate: f32,
    /// Share of the activations that a step drops, below 1: it keeps networks from learning programs by heart.
    pub dropped: f32,
    /// Share of the families that only the intervals learn from.
    pub calibration: f64,
}

impl Default for Training {
    fn default() -> Training {
        Training {
            seed: 1,
            epochs: 40,
            members: 1,
            shape: Shape::default(),
            rate: 3e-3,
            dropped: 0.2,
            calibration: 0.12,
        }
    }
}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Epochs of all networks that are done, and all there will be.
    pub done: usize,
    pub of: usize,
    /// 0 or 1.
    pub tier: usize,
    /// Mean loss of the epoch.
    pub loss: f64,
}

/// Rows of a step, about.
const ROWS: usize = 192;
/// Candidates of one program in a step, at most.
const CANDIDATES: usize = 32;
/// Parts of a step that run at once. Sums are over parts in their order, so as many cores as there are give the same.
const PARTS: usize = 4;
/// Families at least to learn from, and to calibrate with.
const FAMILIES: (usize, usize) = (2, 1);

/// Learns a model. `progress` is told of each epoch and may stop.
///
/// # Errors
/// [`Error::Examples`] where there are too few; [`Error::Stopped`].
pub fn train(
    examples: &[Example],
    options: &Training,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Model, Error> {
    let is_calibration = |example: &&Example| is_test(example.unit.family ^ CALIBRATION, options.calibration);
    let (held, learned): (Vec<&Example>, Vec<&Example>) = examples.iter().partition(is_calibration);
    check(&learned, &held, options)?;
    let units: Vec<&Unit> = learned.iter().map(|example| &example.unit).collect();
    let scaling = Scaling::new(&units);
    let targets: Vec<Target> = learned.iter().map(|example| Target::new(example)).collect();
    let data = Data { standard: standard(&targets), groups: groups(&learned), units, targets, scaling: &scaling };
    let of = options.epochs * (2 + options.members);
    let mut done = 0;
    let mut told = |tier: usize, loss: f64| {
        done += 1;
        progress(Progress { done, of, tier, loss })
    };
    let screen = Perceptron { inputs: scaling.inputs() };
    let screen = fit(&screen, &data, options, 2 * options.epochs, options.seed, &mut |loss| told(0, loss))?;
    let network = Sequence { shape: options.shape, inputs: scaling.inputs() };
    let mut members = vec![];
    for member in 1..=options.members as u64 {
        let seed = options.seed ^ (member << 32);
        members.push(fit(&network, &data, options, options.epochs, seed, &mut |loss| told(1, loss))?);
    }
    let content = Content {
        fingerprint: fingerprint().into(),
        known: Known::new(&data.units),
        standard: data.standard,
        scaling: scaling.clone(),
        shape: options.shape,
        screen,
        members,
        margins: Margins::default(),
        apart: Margins::default(),
        corrections: vec![],
        report: Report::default(),
    };
    Ok(Model { content: calibrate(content, &learned, &held, options) })
}

/// Makes the families that calibrate others than those that test.
const CALIBRATION: u64 = 0x5ca1_ab1e_0000_0001;

fn check(learned: &[&Example], held: &[&Example], options: &Training) -> Result<(), Error> {
    let families = |examples: &[&Example]| {
        examples.iter().map(|example| example.unit.family).collect::<std::collections::BTreeSet<u64>>().len()
    };
    let counts = (families(learned), families(held));
    let mut wrong = vec![];
    if counts.0 < FAMILIES.0 || counts.1 < FAMILIES.1 {
        wrong.push(format!(
            "of {} rows, {} families of programs are to learn from and {} to calibrate with, and at least {} and {} are needed; \
             collect more of them by `hwc-opt tune collect`",
            learned.len() + held.len(),
            counts.0,
            counts.1,
            FAMILIES.0,
            FAMILIES.1
        ));
    }
    if !learned.iter().chain(held).all(|e| e.seconds.is_finite() && e.seconds > 0.0 && e.noise.is_finite()) {
        wrong.push("a time is no positive number".into());
    }
    if options.epochs == 0 || options.members == 0 {
        wrong.push("at least one epoch and one member are needed".into());
    }
    if !(0.0..1.0).contains(&options.dropped) {
        wrong.push("the share that is dropped is not below 1".into());
    }
    if !options.shape.is_sound() {
        wrong.push(format!("the network's sizes are not within {}", Shape::LIMITS));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Examples(wrong)) }
}

/// What a network learns from.
struct Data<'a> {
    units: Vec<&'a Unit>,
    targets: Vec<Target>,
    /// Candidates of one program, by device and number of threads.
    groups: Vec<Vec<usize>>,
    standard: Standard,
    scaling: &'a Scaling,
}

pub(super) fn groups(examples: &[&Example]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<(u64, &str, u32), Vec<usize>> = BTreeMap::new();
    for (number, example) in examples.iter().enumerate() {
        groups.entry((example.program, &example.device, example.threads)).or_default().push(number);
    }
    groups.into_values().collect()
}

fn standard(targets: &[Target]) -> Standard {
    std::array::from_fn(|column| {
        let values: Vec<f64> = targets.iter().filter_map(|t| t.labels[column].map(f64::from)).collect();
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        (mean as f32, variance.sqrt().max(1e-3) as f32)
    })
}

fn fit(
    network: &dyn Network,
    data: &Data,
    options: &Training,
    epochs: usize,
    seed: u64,
    told: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Vec<Matrix>, Error> {
    let mut rng = Rng::with_seed(seed);
    let mut parameters = network.initial(&mut rng);
    // Chunks are of one size or less, so their number is known before they are drawn.
    let chunks: usize = data.groups.iter().map(|group| group.len().div_ceil(CANDIDATES)).sum();
    let per_step = (ROWS * chunks / data.units.len().max(1)).max(1);
    let mut adam = Adam::new(&parameters, options.rate, epochs * chunks.div_ceil(per_step));
    for _ in 0..epochs {
        let mut order: Vec<Vec<usize>> = vec![];
        for group in &data.groups {
            let mut group = group.clone();
            rng.shuffle(&mut group);
            let parts = group.len().div_ceil(CANDIDATES);
            order.extend(group.chunks(group.len().div_ceil(parts)).map(<[usize]>::to_vec));
        }
        rng.shuffle(&mut order);
        let mut sum = 0.0;
        for chunks in order.chunks(per_step) {
            let (value, gradients) = step(network, data, &parameters, chunks, (rng.u64(..), options.dropped));
            adam.step(&mut parameters, &gradients);
            sum += value * chunks.iter().map(Vec::len).sum::<usize>() as f64;
        }
        if told(sum / data.units.len() as f64).is_break() {
            return Err(Error::Stopped);
        }
    }
    Ok(adam.averages)
}

/// Loss and gradients of a step.
fn step(
    network: &dyn Network,
    data: &Data,
    parameters: &[Matrix],
    chunks: &[Vec<usize>],
    (seed, dropped): (u64, f32),
) -> (f64, Vec<Matrix>) {
    let rows = chunks.iter().map(Vec::len).sum::<usize>() as f32;
    let mut parts: [Vec<&Vec<usize>>; PARTS] = Default::default();
    for (number, chunk) in chunks.iter().enumerate() {
        parts[number % PARTS].push(chunk);
    }
    let work = |number: usize, part: &[&Vec<usize>]| {
        let numbers: Vec<usize> = part.iter().flat_map(|chunk| chunk.iter()).copied().collect();
        let batch = Batch::new(numbers.iter().map(|number| data.units[*number]), data.scaling);
        let targets: Vec<&Target> = numbers.iter().map(|number| &data.targets[*number]).collect();
        let mut groups: Groups = vec![];
        for chunk in part {
            let start = groups.last().map_or(0, |last| last.end);
            groups.push(start..start + chunk.len());
        }
        let mut gradients: Vec<Matrix> = parameters.iter().map(|p| Matrix::zeros(p.rows, p.cols)).collect();
        let mut tape = Tape::new(parameters, &batch.starts).dropping(seed ^ number as u64, dropped);
        let outputs = network.outputs(&mut tape, &batch);
        let (value, gradient) = loss(tape.value(outputs), &targets, &groups, &data.standard, rows);
        tape.backward(outputs, gradient, &mut gradients);
        (value, gradients)
    };
    let work = &work;
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            parts.iter().enumerate().map(|(number, part)| scope.spawn(move || work(number, part))).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let mut all: Option<(f64, Vec<Matrix>)> = None;
    for result in results {
        let (value, gradients) = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match &mut all {
            Some((sum, sums)) => {
                *sum += value;
                sums.iter_mut().zip(&gradients).for_each(|(sum, gradient)| sum.add(gradient));
            }
            empty => *empty = Some((value, gradients)),
        }
    }
    all.unwrap_or_default()
}

/// Learns the margins of intervals from families that nothing else was learned from, and says how good the model is on them.
fn calibrate(mut content: Content, learned: &[&Example], held: &[&Example], options: &Training) -> Content {
    let units: Vec<&Unit> = held.iter().map(|example| &example.unit).collect();
    let rows = outputs(&content, &units);
    let beyond = held.iter().zip(&rows).map(|(example, row)| {
        let (low, high) = interval(row, 0.0);
        let time = Target::new(example).time;
        (&example.unit, (low - time).max(time - high))
    });
    content.margins = Margins::new(&beyond.collect::<Vec<_>>());
    content.apart = Margins::new(&mistaken(held, &rows));
    let seconds = |row: &Row, example: &Example| f64::from(row[TIME]).exp() * bound(&example.unit);
    let predicted: Vec<f64> = rows.iter().zip(held).map(|(row, example)| seconds(row, example)).collect();
    let families = |examples: &[&Example]| {
        examples.iter().map(|example| example.unit.family).collect::<std::collections::BTreeSet<u64>>().len()
    };
    let programs = groups(learned).len() + groups(held).len();
    let devices: std::collections::BTreeSet<&str> = learned.iter().chain(held).map(|e| e.device.as_str()).collect();
    content.report = Report {
        rows: learned.len(),
        families: families(learned),
        programs,
        devices: devices.into_iter().map(String::from).collect(),
        calibration_rows: held.len(),
        calibration_families: families(held),
        seed: options.seed,
        epochs: options.epochs,
        figures: figures(held, &predicted),
        screen: figures(held, &content.screen(&units)),
    };
    content
}

/// Schedules of each kernel that are compared with the one that is expected to be the fastest: those that are to be told from it.
const NEAREST: usize = 8;

/// For the schedules that are expected to be the fastest, and the next ones of the same kernel: by how much the order of the
/// times is another than that of the predictions, as logarithms; negative where it is the same with room to spare.
fn mistaken<'e>(held: &[&'e Example], rows: &[Row]) -> Vec<(&'e Unit, f32)> {
    let error = |number: usize| Target::new(held[number]).time - rows[number][TIME];
    let mut all = vec![];
    for mut group in groups(held) {
        let predicted = |number: &usize| f64::from(rows[*number][TIME]) + bound(&held[*number].unit).ln();
        group.sort_by(|a, b| predicted(a).total_cmp(&predicted(b)));
        let Some((best, others)) = group.split_first() else { continue };
        all.extend(others.iter().take(NEAREST).map(|other| (&held[*best].unit, error(*best) - error(*other))));
    }
    all
}
