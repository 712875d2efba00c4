//! Gradient-boosted regression trees on the features of the text, and on how often each token is in it.
//!
//! What is learned is ln(seconds / bound) by squared error. Depth, then rate come from a grid, the number of trees from early
//! stopping, all by the error on families that are held out, each once; then trees are grown on all examples. Registers,
//! instructions and whether there are spills are learned by trees of the same depth and rate.

use super::band::{Band, Fold, folds};
use super::{Error, Estimate, Fitted, Predictor};
use crate::dataset::{Code, Example, bound};
use crate::text::{FEATURE_COUNT, vocabulary};
use forust_ml::Matrix;
use forust_ml::gradientbooster::GradientBooster;
use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;

/// Depths that are tried with the first rate, and rates that are tried with the best depth.
const DEPTHS: [usize; 3] = [4, 6, 9];
const RATES: [f32; 2] = [0.1, 0.04];
/// Trees at most, and how many without a better one end it.
const MOST: usize = 1500;
const PATIENCE: usize = 60;
/// Trees where nothing can be held out.
const BLIND: usize = 100;
/// Parts of examples and features that each tree sees, and examples that a leaf has at least.
const ROWS: f32 = 0.7;
const COLUMNS: f64 = 0.5;
const LEAF: f32 = 4.0;
/// Parts that a feature's range is cut into, of as many examples each.
const BINS: u16 = 64;

/// What is learned of an example; examples without it are left out.
type Target = fn(&Example) -> Option<f64>;

fn log_ratio(example: &Example) -> Option<f64> {
    Some((example.seconds / bound(&example.unit)).ln())
}

fn code(example: &Example, of: fn(Code) -> u32) -> Option<f64> {
    example.code.map(|code| f64::from(of(code)))
}

/// What trees divide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    Features,
    /// And counts of tokens.
    Tokens,
}

impl Inputs {
    /// All columns there are.
    fn columns(self) -> usize {
        FEATURE_COUNT + if self == Inputs::Tokens { vocabulary::size() } else { 0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    depth: usize,
    rate: f32,
    trees: usize,
}

/// How to grow.
#[derive(Clone, Copy, Debug)]
struct Options {
    name: &'static str,
    inputs: Inputs,
    shape: Shape,
    seed: u64,
}

impl Options {
    fn with(self, depth: usize, rate: f32) -> Options {
        Options { shape: Shape { depth, rate, trees: MOST }, ..self }
    }
}

pub fn learn(name: &'static str, inputs: Inputs, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    let folds = folds(train, seed);
    let first = Options { name, inputs, shape: Shape { depth: DEPTHS[0], rate: RATES[0], trees: MOST }, seed };
    let mut best = held_out(&folds, log_ratio, first)?;
    for depth in &DEPTHS[1..] {
        best = best.or_better(held_out(&folds, log_ratio, first.with(*depth, RATES[0]))?);
    }
    let depth = best.options.shape.depth;
    for rate in &RATES[1..] {
        best = best.or_better(held_out(&folds, log_ratio, first.with(depth, *rate))?);
    }
    let HeldOut { errors, options } = best;
    let band = Band::new(errors);
    let time = Trees::grow(train, &[], log_ratio, options)?;
    let head = |target: Target| {
        let of_target = held_out(&folds, target, options.with(options.shape.depth, options.shape.rate))?;
        Trees::grow(train, &[], target, of_target.options)
    };
    let registers = head(|example| code(example, |code| code.registers))?;
    let instructions = head(|example| code(example, |code| code.instructions))?;
    let spills = head(|example| code(example, |code| code.spills.min(1)))?;
    let estimates = move |examples: &[&Example]| {
        let (time, spills) = (time.predict(examples), spills.predict(examples));
        let (registers, instructions) = (registers.predict(examples), instructions.predict(examples));
        let known = |values: &[f64], at: usize| values.get(at).copied().filter(|value| value.is_finite());
        let estimate = |(at, example): (usize, &&Example)| {
            let seconds = bound(&example.unit) * time[at].exp();
            Estimate {
                interval: band.map(|band| band.around(seconds)),
                registers: known(&registers, at),
                instructions: known(&instructions, at),
                spills: known(&spills, at),
                ..Estimate::of(seconds)
            }
        };
        examples.iter().enumerate().map(estimate).collect::<Vec<_>>()
    };
    Ok(Box::new(Fitted { name, estimates }))
}

/// What comes of families that were held out.
struct HeldOut {
    errors: Vec<f64>,
    /// With as many trees as were best on average.
    options: Options,
}

impl HeldOut {
    fn squares(&self) -> f64 {
        self.errors.iter().map(|error| error * error).sum()
    }

    fn or_better(self, other: HeldOut) -> HeldOut {
        if other.squares() < self.squares() { other } else { self }
    }
}

fn held_out(folds: &[Fold], target: Target, options: Options) -> Result<HeldOut, Error> {
    let (mut errors, mut count) = (vec![], 0);
    for (some, held) in folds {
        let trees = Trees::grow(some, held, target, options)?;
        let (held, values) = with(held, target);
        errors.extend(trees.predict(&held).iter().zip(values).map(|(predicted, value)| value - predicted));
        count += trees.count();
    }
    let trees = if folds.is_empty() { BLIND } else { count.div_ceil(folds.len()) };
    Ok(HeldOut { errors, options: Options { shape: Shape { trees, ..options.shape }, ..options } })
}

/// Trees of one target.
enum Trees {
    /// Where there is nothing to divide by; NaN where no example has the target.
    None(f64),
    Some {
        booster: Box<GradientBooster>,
        columns: Vec<usize>,
        inputs: Inputs,
    },
}

impl Trees {
    /// With examples that are held out, there are as many trees as their least error has.
    fn grow(train: &[&Example], held: &[&Example], target: Target, options: Options) -> Result<Trees, Error> {
        let Options { name, inputs, shape, seed } = options;
        let (rows, values) = with(train, target);
        let (held_rows, held_values) = with(held, target);
        let columns = varying(&rows, inputs);
        if columns.is_empty() {
            return Ok(Trees::None(super::super::mean(&values)));
        }
        let (table, held_table) = (table(&rows, inputs, &columns), table(&held_rows, inputs, &columns));
        let mut booster = GradientBooster::default()
            .set_objective_type(ObjectiveType::SquaredLoss)
            .set_max_depth(shape.depth)
            .set_learning_rate(shape.rate)
            .set_iterations(shape.trees)
            .set_sample_method(SampleMethod::Random)
            .set_subsample(ROWS)
            // A single column is kept; a part of it is none.
            .set_colsample_bytree(if columns.len() > 1 { COLUMNS } else { 1.0 })
            .set_min_leaf_weight(LEAF)
            .set_nbins(BINS)
            .set_evaluation_metric(Some(Metric::RootMeanSquaredError))
            .set_early_stopping_rounds((!held_rows.is_empty()).then_some(PATIENCE))
            .set_seed(seed);
        let (weights, held_weights) = (vec![1.0; rows.len()], vec![1.0; held_rows.len()]);
        let held = (matrix(&held_table, columns.len()), &*held_values, &*held_weights);
        let held = (!held_rows.is_empty()).then(|| vec![held]);
        booster
            .fit(&matrix(&table, columns.len()), &values, &weights, held)
            .map_err(|why| Error::Failed { name: name.into(), why: why.to_string() })?;
        Ok(Trees::Some { booster: Box::new(booster), columns, inputs })
    }

    fn count(&self) -> usize {
        match self {
            Trees::None(_) => 1,
            Trees::Some { booster, .. } => booster.prediction_iteration.unwrap_or(booster.trees.len()),
        }
    }

    fn predict(&self, examples: &[&Example]) -> Vec<f64> {
        match self {
            Trees::None(value) => vec![*value; examples.len()],
            Trees::Some { booster, columns, inputs } => {
                booster.predict(&matrix(&table(examples, *inputs, columns), columns.len()), true)
            }
        }
    }
}

/// Examples that have the target, and what it is.
fn with<'a>(examples: &[&'a Example], target: Target) -> (Vec<&'a Example>, Vec<f64>) {
    examples.iter().filter_map(|example| Some((*example, target(example)?))).unzip()
}

/// Columns that are not the same for all.
fn varying(examples: &[&Example], inputs: Inputs) -> Vec<usize> {
    let all: Vec<usize> = (0..inputs.columns()).collect();
    let table = table(examples, inputs, &all);
    let columns = table.chunks(examples.len().max(1)).enumerate();
    columns.filter(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1])).map(|(column, _)| column).collect()
}

/// Some of the columns, one behind the other: features, then counts of tokens.
fn table(examples: &[&Example], inputs: Inputs, columns: &[usize]) -> Vec<f64> {
    let rows = examples.len();
    let mut table = vec![0.0; rows * columns.len()];
    let mut starts: Vec<Option<usize>> = vec![None; inputs.columns()];
    columns.iter().enumerate().for_each(|(at, column)| starts[*column] = Some(at * rows));
    let (features, tokens) = starts.split_at(FEATURE_COUNT);
    for (row, example) in examples.iter().enumerate() {
        for (start, value) in features.iter().zip(example.unit.features) {
            start.iter().for_each(|start| table[start + row] = f64::from(value));
        }
        for id in &example.unit.tokens.ids {
            let start = tokens.get(usize::from(*id)).copied().flatten();
            start.iter().for_each(|start| table[start + row] += 1.0);
        }
    }
    table
}

fn matrix(table: &[f64], columns: usize) -> Matrix<'_, f64> {
    Matrix::new(table, table.len() / columns, columns)
}
