//! The two networks: which parameters they have and how outputs follow from them.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::batch::{Batch, NUMBER_INPUTS};
use super::loss::SPILLS;
use super::matrix::Matrix;
use super::tape::{Tape, Var};
use crate::text::vocabulary;

/// Outputs of tier 1, column by column; see `docs/cost-model.md`.
pub(super) const OUTPUTS: usize = SPILLS + 1;

/// Sizes of tier 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Channels of a token.
    pub width: usize,
    /// Convolutions; the window of each is twice as wide as the one before.
    pub layers: usize,
    /// Units of the layer that reads the features.
    pub trunk: usize,
    /// Units of the two layers behind the pooling; the second has half of them.
    pub head: usize,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape { width: 32, layers: 4, trunk: 64, head: 96 }
    }
}

impl Shape {
    /// What [`Shape::is_sound`] asks for.
    pub(super) const LIMITS: &str = "1 to 256 channels, 1 to 6 layers, 2 to 1024 units";

    pub(super) fn is_sound(&self) -> bool {
        let units = 2..=1024;
        (1..=256).contains(&self.width)
            && (1..=6).contains(&self.layers)
            && units.contains(&self.trunk)
            && units.contains(&self.head)
    }
}

/// Units of the layers of tier 0.
pub(super) const HIDDEN: [usize; 2] = [64, 32];

/// A network whose parameters are matrices in a fixed order.
pub(crate) trait Network: Sync {
    /// Rows and columns of each parameter; one row for a bias.
    fn sizes(&self) -> Vec<[usize; 2]>;
    /// One row for each unit of the batch.
    fn outputs(&self, tape: &mut Tape, batch: &Batch) -> Var;

    /// He's initialization: variances that keep those of activations; biases are zeros, and so is what leads to outputs and
    /// modulations, which begin at their means.
    fn initial(&self, rng: &mut Rng) -> Vec<Matrix> {
        let sizes = self.sizes();
        let last = sizes.len().saturating_sub(2);
        let make = |(number, [rows, cols]): (usize, [usize; 2])| {
            if rows == 1 || number == last {
                return Matrix::zeros(rows, cols);
            }
            let bound = (6.0 / rows as f32).sqrt() * self.gain(number);
            let data = (0..rows * cols).map(|_| bound * (2.0 * rng.f32() - 1.0)).collect();
            Matrix::new(rows, cols, data)
        };
        sizes.into_iter().enumerate().map(make).collect()
    }

    /// What the initial values of a parameter are multiplied with.
    fn gain(&self, _parameter: usize) -> f32 {
        1.0
    }
}

/// Tier 0: features through two layers.
pub(super) struct Perceptron {
    /// Columns of what is read.
    pub inputs: usize,
}

impl Network for Perceptron {
    fn sizes(&self) -> Vec<[usize; 2]> {
        let [one, two] = HIDDEN;
        vec![[self.inputs, one], [1, one], [one, two], [1, two], [two, 1], [1, 1]]
    }

    fn outputs(&self, tape: &mut Tape, batch: &Batch) -> Var {
        let mut x = tape.input(batch.inputs.clone());
        for layer in 0..3 {
            x = tape.linear(x, 2 * layer, 2 * layer + 1);
            x = if layer < 2 { tape.relu(x) } else { x };
            x = if layer < 2 { tape.drop(x) } else { x };
        }
        x
    }
}

/// Tier 1: convolutions over tokens, modulated by features.
pub(super) struct Sequence {
    pub shape: Shape,
    /// Columns of what is read of features.
    pub inputs: usize,
}

/// Numbers of the parameters of [`Sequence`]; each but the first is a weight with its bias behind it.
pub(super) mod parameter {
    pub const EMBEDDING: usize = 0;
    pub const NUMBERS: usize = 1;
    pub const TOKEN: usize = 3;
    pub const TRUNK: usize = 5;
    pub const MODULATION: usize = 7;
    pub const LAYERS: usize = 9;

    /// The three layers behind the pooling.
    pub fn head(layers: usize, number: usize) -> usize {
        LAYERS + 2 * (layers + number)
    }
}

impl Network for Sequence {
    fn sizes(&self) -> Vec<[usize; 2]> {
        let Shape { width, layers, trunk, head } = self.shape;
        let mut sizes = vec![[vocabulary::size(), 2 * width]];
        let mut pair = |rows, cols| sizes.extend([[rows, cols], [1, cols]]);
        pair(NUMBER_INPUTS, 2 * width);
        pair(2 * width, width);
        pair(self.inputs, trunk);
        pair(trunk, 2 * width * layers);
        (0..layers).for_each(|_| pair(3 * width, width));
        pair(2 * width + trunk, head);
        pair(head, head / 2);
        pair(head / 2, OUTPUTS);
        sizes
    }

    fn outputs(&self, tape: &mut Tape, batch: &Batch) -> Var {
        let Shape { width, layers, .. } = self.shape;
        let embedded = tape.rows(parameter::EMBEDDING, batch.ids.clone());
        let numbers = tape.input(batch.numbers.clone());
        let numbers = tape.linear(numbers, parameter::NUMBERS, parameter::NUMBERS + 1);
        let x = tape.add(embedded, numbers);
        let x = tape.relu(x);
        let x = tape.linear(x, parameter::TOKEN, parameter::TOKEN + 1);
        let mut x = tape.drop(x);
        let features = tape.input(batch.inputs.clone());
        let features = tape.linear(features, parameter::TRUNK, parameter::TRUNK + 1);
        let features = tape.relu(features);
        let features = tape.drop(features);
        let modulation = tape.linear(features, parameter::MODULATION, parameter::MODULATION + 1);
        for layer in 0..layers {
            let at = parameter::LAYERS + 2 * layer;
            let window = tape.window(x, 1 << layer);
            let y = tape.linear(window, at, at + 1);
            let y = tape.film(y, modulation, 2 * width * layer);
            let y = tape.relu(y);
            x = tape.add(x, y);
        }
        let (mean, max) = (tape.mean(x), tape.max(x));
        let mut y = tape.beside(&[mean, max, features]);
        for number in 0..3 {
            let at = parameter::head(layers, number);
            y = tape.linear(y, at, at + 1);
            y = if number < 2 { tape.relu(y) } else { y };
            y = if number < 2 { tape.drop(y) } else { y };
        }
        y
    }

    fn gain(&self, parameter: usize) -> f32 {
        match parameter {
            // A row is added for each token, not a sum over the vocabulary.
            parameter::EMBEDDING => 0.3 * (vocabulary::size() as f32 / 6.0).sqrt(),
            parameter::MODULATION => 0.1,
            // Residuals add up.
            _ if (parameter::LAYERS..parameter::head(self.shape.layers, 0)).contains(&parameter) => 0.5,
            _ => 1.0,
        }
    }
}
