//! Intervals over queries.

use hwc_cost_model::eval::bootstrap;
use hwc_cost_model::transfer::spearman;

/// 95 % of the correlations of queries that are drawn with replacement.
pub fn over_queries(predicted: &[f64], times: &[f64]) -> (f64, f64) {
    let of = |drawn: &[usize]| {
        let pick = |values: &[f64]| drawn.iter().map(|&place| values[place]).collect::<Vec<f64>>();
        Some(spearman(&pick(predicted), &pick(times)).unwrap_or(0.0))
    };
    bootstrap(times.len(), of).unwrap_or((0.0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_over_queries_holds_the_correlation() {
        let times: Vec<f64> = (0..200).map(f64::from).collect();
        let predicted: Vec<f64> = times.iter().map(|time| time + 40.0 * (time * 1.7).sin()).collect();
        let whole = spearman(&predicted, &times).expect("is defined");
        let (low, high) = over_queries(&predicted, &times);
        assert!(low < whole && whole < high && high - low < 0.1, "{low} {whole} {high}");
        assert_eq!(over_queries(&times, &times), (1.0, 1.0));
    }
}
