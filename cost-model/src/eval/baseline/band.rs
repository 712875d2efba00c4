//! Intervals of what has none of its own, by the errors on families that are held out.

use crate::dataset::Example;
use std::collections::HashMap;

/// In so many parts families are divided.
const FOLDS: usize = 4;
/// Half of what may be outside.
const TAIL: f64 = 0.05;

/// Factors of a prediction between which 90 % of the measurements lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    low: f64,
    high: f64,
}

impl Band {
    /// Conformal: of `n` errors, `ln(measured / predicted)`, those with the numbers `(n + 1) * 5 %` and
    /// `(n + 1) * 95 %`; nothing where there are too few. Lei et al., Distribution-Free Predictive Inference for Regression
    /// (2018).
    pub fn new(mut errors: Vec<f64>) -> Option<Band> {
        errors.sort_by(f64::total_cmp);
        let count = (errors.len() + 1) as f64;
        let low = ((count * TAIL).floor() as usize).checked_sub(1)?;
        let high = (count * (1.0 - TAIL)).ceil() as usize - 1;
        Some(Band { low: errors.get(low)?.exp(), high: errors.get(high)?.exp() })
    }

    /// The interval of a prediction.
    pub fn around(self, seconds: f64) -> (f64, f64) {
        (seconds * self.low, seconds * self.high)
    }
}

/// What is learned from, and what is held out.
pub type Fold<'a> = (Vec<&'a Example>, Vec<&'a Example>);

/// Divides examples by families at random, so that each family is held out once; none of a single family.
pub fn folds<'a>(train: &[&'a Example], seed: u64) -> Vec<Fold<'a>> {
    let mut families: Vec<u64> = train.iter().map(|example| example.unit.family).collect();
    families.sort_unstable();
    families.dedup();
    fastrand::Rng::with_seed(seed).shuffle(&mut families);
    let numbers: HashMap<u64, usize> = families.iter().enumerate().map(|(at, family)| (*family, at % FOLDS)).collect();
    let fold = |fold: usize| train.iter().partition(|example| numbers[&example.unit.family] != fold);
    let count = if families.len() > 1 { families.len().min(FOLDS) } else { 0 };
    (0..count).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_errors_are_inside() {
        let errors: Vec<f64> = (1..=99).map(f64::from).map(|error| error / 100.0).rev().collect();
        let band = Band::new(errors.clone()).expect("are enough");
        let (low, high) = band.around(2.0);
        assert!((low - 2.0 * 0.05f64.exp()).abs() < 1e-12 && (high - 2.0 * 0.95f64.exp()).abs() < 1e-12);
        assert!(Band::new(errors[..19].to_vec()).is_some());
        assert_eq!(Band::new(errors[..18].to_vec()), None);
        assert_eq!(Band::new(vec![]), None);
    }
}
