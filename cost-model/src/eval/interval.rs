//! Means with their intervals: over repetitions by Student's t, over what is drawn with replacement otherwise.

/// Draws for an interval.
const DRAWS: usize = 500;

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Half of the 95 % interval of the mean, by Student's t; zero for one value.
pub fn half_interval(values: &[f64]) -> f64 {
    // 97.5 % quantiles for 1, 2, ... degrees of freedom; for more that of the normal distribution is near enough.
    const QUANTILES: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
    let Some(freedom) = values.len().checked_sub(1).filter(|freedom| *freedom > 0) else { return 0.0 };
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / freedom as f64;
    QUANTILES.get(freedom - 1).unwrap_or(&1.96) * (variance / values.len() as f64).sqrt()
}

/// The middle 95 % of a figure over draws of as many out of `count` with replacement; always the same draws.
/// `figure`: of what is drawn, by number. Nothing where it is not defined for more than half of the draws.
pub fn bootstrap(count: usize, figure: impl Fn(&[usize]) -> Option<f64>) -> Option<(f64, f64)> {
    if count == 0 {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(0);
    let mut drawn = vec![0; count];
    let mut draw = || {
        drawn.fill_with(|| random.usize(0..count));
        figure(&drawn)
    };
    let draws: Vec<Option<f64>> = (0..DRAWS).map(|_| draw()).collect();
    let mut figures: Vec<f64> = draws.into_iter().flatten().collect();
    figures.sort_by(f64::total_cmp);
    let outside = figures.len() / 40;
    (figures.len() > DRAWS / 2).then(|| (figures[outside], figures[figures.len() - 1 - outside]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_means_are_those_of_the_table() {
        // Deviation sqrt(2.5), five values: 2.776 * sqrt(0.5).
        assert!((half_interval(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 1.9629).abs() < 1e-3);
        assert_eq!(half_interval(&[4.0]), 0.0);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
    }

    #[test]
    fn draws_give_the_spread_of_a_mean() {
        let values: Vec<f64> = (0..400).map(|value| f64::from(value % 20)).collect();
        let figure = |drawn: &[usize]| Some(mean(&drawn.iter().map(|&at| values[at]).collect::<Vec<f64>>()));
        let (low, high) = bootstrap(values.len(), figure).expect("is defined");
        // The deviation of the mean is sqrt(33.25 / 400) = 0.288.
        assert!((low - (9.5 - 1.96 * 0.288)).abs() < 0.1 && (high - (9.5 + 1.96 * 0.288)).abs() < 0.1, "{low} {high}");
        assert_eq!(bootstrap(values.len(), figure), Some((low, high)));
    }

    #[test]
    fn there_may_be_none() {
        assert_eq!(bootstrap(0, |_| Some(1.0)), None);
        assert_eq!(bootstrap(3, |_| None), None);
        assert_eq!(bootstrap(3, |_| Some(1.0)), Some((1.0, 1.0)));
    }
}
