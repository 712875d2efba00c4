//! AdamW with a cosine rate, and the mean of the last parameters.
//!
//! Loshchilov, Hutter: Decoupled weight decay regularization (2019).

use super::matrix::Matrix;

const MOMENTUM: f32 = 0.9;
const SPREAD: f32 = 0.99;
const DECAY: f32 = 0.5;
/// Gradients are at most so long.
const LONGEST: f32 = 1.0;
/// Part of the steps in which the rate grows.
const WARM: f32 = 0.03;

pub(crate) struct Adam {
    rate: f32,
    steps: usize,
    step: usize,
    means: Vec<Matrix>,
    squares: Vec<Matrix>,
    /// Running means of the parameters.
    pub averages: Vec<Matrix>,
}

impl Adam {
    pub fn new(parameters: &[Matrix], rate: f32, steps: usize) -> Adam {
        let zeros = || parameters.iter().map(|p| Matrix::zeros(p.rows, p.cols)).collect();
        Adam { rate, steps, step: 0, means: zeros(), squares: zeros(), averages: parameters.to_vec() }
    }

    fn rate(&self) -> f32 {
        let done = self.step as f32 / self.steps.max(1) as f32;
        let cosine = 0.5 * (1.0 + (std::f32::consts::PI * done).cos());
        self.rate * (done / WARM).min(1.0) * cosine.max(0.01)
    }

    pub fn step(&mut self, parameters: &mut [Matrix], gradients: &[Matrix]) {
        self.step += 1;
        let square: f32 = gradients.iter().map(|g| g.data.iter().map(|x| x * x).sum::<f32>()).sum();
        let shorten = (LONGEST / square.sqrt().max(1e-12)).min(1.0);
        let rate = self.rate();
        let step = self.step as i32;
        let (unbias, unbias_square) = (1.0 - MOMENTUM.powi(step), 1.0 - SPREAD.powi(step));
        // Short runs have short memories.
        let keep = (1.0 - 50.0 / self.steps.max(1) as f32).clamp(0.0, 0.998);
        for (number, parameter) in parameters.iter_mut().enumerate() {
            let decay = if parameter.rows > 1 { rate * DECAY } else { 0.0 };
            let moments = self.means[number].data.iter_mut().zip(&mut self.squares[number].data);
            let averages = self.averages[number].data.iter_mut();
            let values = parameter.data.iter_mut().zip(&gradients[number].data);
            for (((value, gradient), (mean, square)), average) in values.zip(moments).zip(averages) {
                let gradient = gradient * shorten;
                *mean = MOMENTUM * *mean + (1.0 - MOMENTUM) * gradient;
                *square = SPREAD * *square + (1.0 - SPREAD) * gradient * gradient;
                *value -= decay * *value + rate * (*mean / unbias) / ((*square / unbias_square).sqrt() + 1e-8);
                *average = keep * *average + (1.0 - keep) * *value;
            }
        }
    }
}
