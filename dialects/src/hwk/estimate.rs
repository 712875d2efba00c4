//! What code generation expects of a kernel.

/// What the most expensive loops of a kernel are expected to take under a schedule, before anything is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Cycles, with everything in the nearest cache.
    pub cycles: f64,
    /// What loads, shuffles, arithmetic and the ends of tiles would take of them by themselves; some of it runs at once.
    pub loads: f64,
    pub shuffles: f64,
    pub arithmetic: f64,
    pub stores: f64,
    /// Cache lines that come from beyond the first, second and third cache.
    pub lines: [f64; 3],
}

impl Estimate {
    /// All of it, in the order of the fields, rounded: what the attribute `hwk.estimate` holds.
    pub fn numbers(&self) -> [i64; 8] {
        let Estimate { cycles, loads, shuffles, arithmetic, stores, lines: [first, second, third] } = *self;
        [cycles, loads, shuffles, arithmetic, stores, first, second, third].map(|number| number.round() as i64)
    }
}
