//! Gradients are those of differences.

use fastrand::Rng;

use super::*;
use crate::model::batch::{Batch, Scaling};
use crate::model::loss::{CODE, LABELS, TIME, Target, loss};
use crate::model::matrix::Matrix;
use crate::model::network::{Network, OUTPUTS, Perceptron, Sequence};
use crate::model::tape::Tape;

fn random(rows: usize, cols: usize, rng: &mut Rng) -> Matrix {
    Matrix::new(rows, cols, (0..rows * cols).map(|_| rng.f32() - 0.5).collect())
}

fn dot(a: &Matrix, b: &Matrix) -> f64 {
    a.data.iter().zip(&b.data).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Compares a slope along a direction with differences. Large steps meet kinks, small ones rounding, so one must agree.
fn agrees(slope: f64, direction: &Matrix, along: impl Fn(f32) -> f64) -> bool {
    let norm = dot(direction, direction).sqrt();
    [2e-3, 5e-4, 1e-4].iter().any(|step| {
        let step = step / norm;
        let difference = (along(step as f32) - along(-step as f32)) / (2.0 * step);
        (slope - difference).abs() < 0.03 * slope.abs().max(0.02 * norm)
    })
}

fn moved(matrix: &Matrix, direction: &Matrix, step: f32) -> Matrix {
    let data = matrix.data.iter().zip(&direction.data).map(|(x, d)| x + step * d).collect();
    Matrix::new(matrix.rows, matrix.cols, data)
}

fn check(network: &dyn Network, batch: &Batch) {
    let mut rng = Rng::with_seed(3);
    let mut parameters = network.initial(&mut rng);
    // What begins at zero would hide what is behind it.
    for x in parameters.iter_mut().flat_map(|parameter| &mut parameter.data).filter(|x| **x == 0.0) {
        *x = 0.3 * (rng.f32() - 0.5);
    }
    let outputs = |parameters: &[Matrix]| {
        let mut tape = Tape::new(parameters, &batch.starts);
        let outputs = network.outputs(&mut tape, batch);
        tape.value(outputs).clone()
    };
    let value = outputs(&parameters);
    let weights = random(value.rows, value.cols, &mut rng);
    let mut gradients: Vec<Matrix> = parameters.iter().map(|p| Matrix::zeros(p.rows, p.cols)).collect();
    let mut tape = Tape::new(&parameters, &batch.starts);
    let last = network.outputs(&mut tape, batch);
    tape.backward(last, weights.clone(), &mut gradients);
    for number in 0..parameters.len() {
        // Along a direction all entries of a parameter are tested at once.
        let direction = random(parameters[number].rows, parameters[number].cols, &mut rng);
        let slope = dot(&direction, &gradients[number]);
        let along = |step: f32| {
            let mut parameters = parameters.clone();
            parameters[number] = moved(&parameters[number], &direction, step);
            dot(&weights, &outputs(&parameters))
        };
        assert!(slope != 0.0, "parameter {number} has no part");
        assert!(agrees(slope, &direction, along), "parameter {number}");
    }
}

/// Kernels of two programs, one without a token, one with one.
fn rows() -> Vec<Example> {
    let mut rows: Vec<Example> = synthetic::examples(2, 11).into_iter().step_by(16).collect();
    for length in [0, 1] {
        rows[length].unit.tokens.ids.truncate(length);
        rows[length].unit.tokens.numbers.truncate(length);
    }
    rows
}

#[test]
fn gradients_of_both_networks_are_right() {
    let rows = rows();
    let units: Vec<&Unit> = rows.iter().map(|example| &example.unit).collect();
    let scaling = Scaling::new(&units);
    let batch = Batch::new(units.iter().copied(), &scaling);
    check(&Perceptron { inputs: scaling.inputs() }, &batch);
    check(&Sequence { shape: SHAPE, inputs: scaling.inputs() }, &batch);
}

#[test]
fn gradients_of_the_loss_are_right() {
    let targets: Vec<Target> = rows().iter().map(Target::new).collect();
    let targets: Vec<&Target> = targets.iter().collect();
    let groups = vec![0..3, 3..targets.len()];
    let mut standard = [(2.0, 1.5); LABELS];
    standard[..CODE].copy_from_slice(&[(10.0, 4.0), (1.0, 2.0), (4.0, 1.0), (6.0, 1.5)]);
    let mut rng = Rng::with_seed(5);
    for cols in [1, OUTPUTS] {
        let outputs = random(targets.len(), cols, &mut rng);
        let value = |outputs: &Matrix| loss(outputs, &targets, &groups, &standard, targets.len() as f32);
        for column in 0..cols {
            // Intervals depend on the median and do not move it.
            if cols > 1 && column == TIME {
                continue;
            }
            let mut direction = random(targets.len(), cols, &mut rng);
            direction.data.iter_mut().enumerate().for_each(|(i, d)| *d *= f32::from(u8::from(i % cols == column)));
            let slope = dot(&direction, &value(&outputs).1);
            assert!(agrees(slope, &direction, |step| value(&moved(&outputs, &direction, step)).0), "column {column}");
        }
    }
}
