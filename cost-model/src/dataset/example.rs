//! Rows as a model learns from them.

use super::{Code, PROCESSORS, Row};
use crate::text::{FEATURES, Unit, vocabulary};
use crate::{Machine, Work};

/// The machine that times are related to, whatever machine was measured: a processor of 3 GHz beside memory of 20 GB/s.
pub(crate) const NOMINAL: Machine = Machine { flops_per_second: 3e9, bytes_per_second: 20e9 };
/// What a call takes at least, in seconds.
pub(crate) const CALL: f64 = 1e-7;

/// A row, read.
#[derive(Clone, Debug)]
pub struct Example {
    /// Tokens, features and family.
    pub unit: Unit,
    /// Equal for candidates of one program on one target; see [`Row::program`].
    pub program: u64,
    /// Where it was measured.
    pub device: String,
    pub threads: u32,
    /// Median seconds of one run with operands in the caches.
    pub seconds: f64,
    /// The same without; nothing where that was not measured.
    pub cold: Option<f64>,
    /// Standard error of the logarithm of `seconds`.
    pub noise: f64,
    /// What the compiler says of the code.
    pub code: Option<Code>,
    /// llvm-mca's cycles of one iteration of the innermost loop, by number of [`PROCESSORS`]; nothing where it was not asked, or
    /// where the processor lacks instructions.
    pub mca: [Option<f64>; PROCESSORS.len()],
}

impl Example {
    /// # Errors
    /// Those of [`Row::unit`].
    pub fn new(row: &Row) -> Result<Example, String> {
        let logarithms: Vec<f64> = row.warm.iter().map(|seconds| seconds.ln()).collect();
        let seconds = median(&row.warm).ok_or("nothing was timed")?;
        // 1.2533 is the standard error of a median beside that of a mean, 1.4826 that of a normal distribution beside its
        // median absolute deviation.
        let deviations: Vec<f64> = logarithms.iter().map(|logarithm| (logarithm - seconds.ln()).abs()).collect();
        let noise = 1.2533 * 1.4826 * median(&deviations).unwrap_or(0.0) / (logarithms.len() as f64).sqrt();
        Ok(Example {
            unit: row.unit()?,
            program: row.program(),
            device: row.device.clone(),
            threads: row.threads,
            seconds,
            cold: median(&row.cold),
            noise,
            code: row.code,
            mca: PROCESSORS.map(|name| row.mca.iter().find(|(other, _)| other == name).map(|(_, cycles)| *cycles)),
        })
    }

    /// The class of the kernel's space, as its text says: `contraction`, `elementwise`, ...; `none` without a space.
    pub fn class(&self) -> &'static str {
        let mut names = self.unit.tokens.ids.iter().map(|id| vocabulary::name(*id));
        // A token names it `reduction_class` where `reduction` is another one.
        match (names.next(), names.next()) {
            (Some("space"), Some(class)) => class.strip_suffix("_class").unwrap_or(class),
            _ => "none",
        }
    }
}

/// What limits a kernel: cycles of arithmetic, and bytes read and written. The cycles count as the operations of it, so
/// that rates are those of cycles, whatever the vectors and threads.
pub fn work(unit: &Unit) -> Work {
    let of = |name: &str| {
        let at = FEATURES.iter().position(|feature| feature.name == name);
        at.map_or(0.0, |at| f64::from(unit.features[at]).exp_m1())
    };
    Work { flops: of("cycles"), bytes: of("bytes_read") + of("bytes_written") }
}

/// What a nominal machine takes at least for a kernel, in seconds; predictions and their targets are ratios to it.
pub fn bound(unit: &Unit) -> f64 {
    NOMINAL.seconds(work(unit)) + CALL
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}
