//! A network of convolutions over the tokens of operations, with their operands or without: neither numbers nor schedules.
//!
//! Das, Mannarswamy: ML-driven Hardware Cost Model for MLIR (2023): embedding, Conv1D, max pooling, fully connected layers. It
//! learns ln(seconds / bound) by squared error, since it sees no sizes.

use super::band::{Band, folds};
use super::{Error, Estimate, Fitted, Predictor};
use crate::dataset::{Example, bound};
use crate::model::adam::Adam;
use crate::model::batch::Batch;
use crate::model::matrix::Matrix;
use crate::model::network::Network;
use crate::model::tape::{Tape, Var};
use crate::text::vocabulary;
use std::collections::BTreeMap;

const WIDTH: usize = 32;
const LAYERS: usize = 3;
/// Units of the fully connected layer before the output.
const UNITS: usize = 64;
const EPOCHS: usize = 60;
/// Texts of a step.
const BATCH: usize = 32;
const RATE: f32 = 2e-3;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    Operations,
    /// And operands, with their element types.
    Operands,
}

impl Reads {
    fn ids(self, example: &Example) -> Vec<usize> {
        let reads = |id: &u16| vocabulary::is_operation(*id) || self == Reads::Operands && vocabulary::is_operand(*id);
        example.unit.tokens.ids.iter().copied().filter(reads).map(usize::from).collect()
    }
}

struct Conv1d;

impl Network for Conv1d {
    fn sizes(&self) -> Vec<[usize; 2]> {
        let pair = |rows, cols| [[rows, cols], [1, cols]];
        let layers = (0..LAYERS).flat_map(|_| pair(3 * WIDTH, WIDTH));
        let head = pair(WIDTH, UNITS).into_iter().chain(pair(UNITS, 1));
        std::iter::once([vocabulary::size(), WIDTH]).chain(layers).chain(head).collect()
    }

    fn outputs(&self, tape: &mut Tape, batch: &Batch) -> Var {
        let mut x = tape.rows(0, batch.ids.clone());
        for layer in 0..LAYERS {
            let window = tape.window(x, 1);
            x = tape.linear(window, 1 + 2 * layer, 2 + 2 * layer);
            x = tape.relu(x);
        }
        let head = 1 + 2 * LAYERS;
        let pooled = tape.max(x);
        let units = tape.linear(pooled, head, head + 1);
        let units = tape.relu(units);
        tape.linear(units, head + 2, head + 3)
    }

    fn gain(&self, parameter: usize) -> f32 {
        // A row is taken for each token, not a sum over the vocabulary.
        if parameter == 0 { 0.5 * (vocabulary::size() as f32 / 6.0).sqrt() } else { 1.0 }
    }
}

/// Texts that read alike, with the sum of their targets and how many there are.
type Texts = BTreeMap<Vec<usize>, (f64, usize)>;

pub fn learn(name: &'static str, reads: Reads, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    let log_ratio = |example: &Example| (example.seconds / bound(&example.unit)).ln();
    let fit = |examples: &[&Example]| {
        let mut texts = Texts::new();
        for example in examples {
            let (sum, count) = texts.entry(reads.ids(example)).or_default();
            *sum += log_ratio(example);
            *count += 1;
        }
        let (mean, parameters) = descend(&texts, seed);
        move |examples: &[&Example]| -> Vec<f64> {
            let texts: Vec<Vec<usize>> = examples.iter().map(|example| reads.ids(example)).collect();
            let predicted = texts.chunks(256).flat_map(|texts| forward(&parameters, texts.iter()));
            predicted.map(|value| mean + f64::from(value)).collect()
        }
    };
    let errors = folds(train, seed).into_iter().flat_map(|(some, held)| {
        let predicted = fit(&some)(&held);
        let errors = held.iter().zip(predicted).map(|(example, predicted)| log_ratio(example) - predicted);
        errors.collect::<Vec<f64>>()
    });
    let band = Band::new(errors.collect());
    let predict = fit(train);
    let estimates = move |examples: &[&Example]| {
        let estimate = |(example, predicted): (&&Example, f64)| {
            let seconds = bound(&example.unit) * predicted.exp();
            Estimate { interval: band.map(|band| band.around(seconds)), ..Estimate::of(seconds) }
        };
        examples.iter().zip(predict(examples)).map(estimate).collect::<Vec<_>>()
    };
    Ok(Box::new(Fitted { name, estimates }))
}

fn batch<'a>(texts: impl Iterator<Item = &'a Vec<usize>>) -> Batch {
    let (mut starts, mut ids) = (vec![0], vec![]);
    for text in texts {
        ids.extend_from_slice(text);
        starts.push(ids.len());
    }
    Batch { starts, ids, ..Batch::default() }
}

fn forward<'a>(parameters: &[Matrix], texts: impl Iterator<Item = &'a Vec<usize>>) -> Vec<f32> {
    let batch = batch(texts);
    let mut tape = Tape::new(parameters, &batch.starts);
    let outputs = Conv1d.outputs(&mut tape, &batch);
    tape.value(outputs).data.clone()
}

/// The mean of all targets, and parameters for what is left. Texts that read alike learn their mean, with the weight of
/// their number, which has the gradient of learning each.
fn descend(texts: &Texts, seed: u64) -> (f64, Vec<Matrix>) {
    let (sum, count) = texts.values().fold((0.0, 0), |(sum, count), (of_text, times)| (sum + of_text, count + times));
    let mean = sum / count as f64;
    let mut texts: Vec<(&Vec<usize>, f32, f32)> =
        texts.iter().map(|(text, (sum, times))| (text, (sum / *times as f64 - mean) as f32, *times as f32)).collect();
    let usual = count as f32 / texts.len() as f32;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut parameters = Conv1d.initial(&mut random);
    let mut adam = Adam::new(&parameters, RATE, EPOCHS * texts.len().div_ceil(BATCH));
    for _ in 0..EPOCHS {
        random.shuffle(&mut texts);
        for some in texts.chunks(BATCH) {
            let batch = batch(some.iter().map(|(text, ..)| *text));
            let mut gradients: Vec<Matrix> = parameters.iter().map(|p| Matrix::zeros(p.rows, p.cols)).collect();
            let mut tape = Tape::new(&parameters, &batch.starts);
            let outputs = Conv1d.outputs(&mut tape, &batch);
            let values = tape.value(outputs).data.iter().zip(some);
            let slope = |(value, (_, target, times)): (&f32, &(&Vec<usize>, f32, f32))| {
                2.0 * (value - target) * times / (usual * some.len() as f32)
            };
            let slopes = Matrix::new(some.len(), 1, values.map(slope).collect());
            tape.backward(outputs, slopes, &mut gradients);
            adam.step(&mut parameters, &gradients);
        }
    }
    (mean, adam.averages)
}
