//! What many timings say.

/// Times of one run, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    pub median: f64,
    /// A quarter of the runs was faster than `low`, a quarter slower than `high`.
    pub low: f64,
    pub high: f64,
}

impl Times {
    /// `None` without a single timing.
    pub fn of(mut seconds: Vec<f64>) -> Option<Times> {
        seconds.sort_by(f64::total_cmp);
        let last = seconds.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let (below, above) = (seconds[place.floor() as usize], seconds[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Some(Times { median: at(0.5), low: at(0.25), high: at(0.75) })
    }

    /// How far the middle half of the timings lies apart, relative to the median.
    pub fn spread(&self) -> f64 {
        (self.high - self.low) / self.median
    }
}
