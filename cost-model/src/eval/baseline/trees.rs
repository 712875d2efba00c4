//! Gradient-boosted regression trees on the features of the text.
//!
//! What is learned is ln(seconds / bound) by squared error. Depth and rate come from a grid, the number of trees from early
//! stopping, both by the error on families that are held out, each once; then trees are grown on all examples. Registers,
//! instructions and whether there are spills are learned by trees of the same depth and rate.

use super::band::{Band, Fold, folds};
use super::{Error, Estimate, Fitted, Predictor};
use crate::dataset::{Code, Example, bound};
use crate::text::FEATURE_COUNT;
use forust_ml::Matrix;
use forust_ml::gradientbooster::GradientBooster;
use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;

const NAME: &str = "trees";
/// Depths and learning rates that are tried.
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

/// What is learned of an example; examples without it are left out.
type Target = fn(&Example) -> Option<f64>;

fn log_ratio(example: &Example) -> Option<f64> {
    Some((example.seconds / bound(&example.unit)).ln())
}

fn code(example: &Example, of: fn(Code) -> u32) -> Option<f64> {
    example.code.map(|code| f64::from(of(code)))
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    depth: usize,
    rate: f32,
    trees: usize,
}

pub fn fit(train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    let folds = folds(train, seed);
    let mut best: Option<(f64, Shape, Vec<f64>)> = None;
    for (depth, rate) in DEPTHS.iter().flat_map(|&depth| RATES.map(|rate| (depth, rate))) {
        let (errors, shape) = held_out(&folds, log_ratio, Shape { depth, rate, trees: MOST }, seed)?;
        let squares = errors.iter().map(|error| error * error).sum();
        if best.as_ref().is_none_or(|(least, ..)| squares < *least) {
            best = Some((squares, shape, errors));
        }
    }
    let (_, shape, errors) = best.ok_or_else(|| failed("there is no grid"))?;
    let band = Band::new(errors);
    let time = Trees::grow(train, &[], log_ratio, shape, seed)?;
    let head = |target: Target| {
        let (_, shape) = held_out(&folds, target, Shape { trees: MOST, ..shape }, seed)?;
        Trees::grow(train, &[], target, shape, seed)
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
    Ok(Box::new(Fitted { name: NAME, estimates }))
}

/// Errors on all that is held out, and the shape with as many trees as were best on average.
fn held_out(folds: &[Fold], target: Target, shape: Shape, seed: u64) -> Result<(Vec<f64>, Shape), Error> {
    let (mut errors, mut count) = (vec![], 0);
    for (some, held) in folds {
        let trees = Trees::grow(some, held, target, shape, seed)?;
        let (held, values) = with(held, target);
        errors.extend(trees.predict(&held).iter().zip(values).map(|(predicted, value)| value - predicted));
        count += trees.count();
    }
    let trees = if folds.is_empty() { BLIND } else { count.div_ceil(folds.len()) };
    Ok((errors, Shape { trees, ..shape }))
}

/// Trees of one target.
enum Trees {
    /// Where there is nothing to divide by; NaN where no example has the target.
    None(f64),
    Some {
        booster: Box<GradientBooster>,
        columns: Vec<usize>,
    },
}

impl Trees {
    /// With examples that are held out, there are as many trees as their least error has.
    fn grow(train: &[&Example], held: &[&Example], target: Target, shape: Shape, seed: u64) -> Result<Trees, Error> {
        let (rows, values) = with(train, target);
        let (held_rows, held_values) = with(held, target);
        let varies =
            |column: &usize| rows.windows(2).any(|w| w[0].unit.features[*column] != w[1].unit.features[*column]);
        let columns: Vec<usize> = (0..FEATURE_COUNT).filter(varies).collect();
        if columns.is_empty() {
            return Ok(Trees::None(super::super::mean(&values)));
        }
        let (table, held_table) = (table(&rows, &columns), table(&held_rows, &columns));
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
            .set_evaluation_metric(Some(Metric::RootMeanSquaredError))
            .set_early_stopping_rounds((!held_rows.is_empty()).then_some(PATIENCE))
            .set_seed(seed);
        let (weights, held_weights) = (vec![1.0; rows.len()], vec![1.0; held_rows.len()]);
        let held = (matrix(&held_table, columns.len()), &*held_values, &*held_weights);
        let held = (!held_rows.is_empty()).then(|| vec![held]);
        booster.fit(&matrix(&table, columns.len()), &values, &weights, held).map_err(failed)?;
        Ok(Trees::Some { booster: Box::new(booster), columns })
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
            Trees::Some { booster, columns } => {
                booster.predict(&matrix(&table(examples, columns), columns.len()), true)
            }
        }
    }
}

/// Examples that have the target, and what it is.
fn with<'a>(examples: &[&'a Example], target: Target) -> (Vec<&'a Example>, Vec<f64>) {
    examples.iter().filter_map(|example| Some((*example, target(example)?))).unzip()
}

/// Features, column by column.
fn table(examples: &[&Example], columns: &[usize]) -> Vec<f64> {
    let column = |&column: &usize| examples.iter().map(move |example| f64::from(example.unit.features[column]));
    columns.iter().flat_map(column).collect()
}

fn matrix(table: &[f64], columns: usize) -> Matrix<'_, f64> {
    Matrix::new(table, table.len() / columns, columns)
}

fn failed(why: impl ToString) -> Error {
    Error::Failed { name: NAME.into(), why: why.to_string() }
}
