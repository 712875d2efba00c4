//! One measured kernel.

use serde::{Deserialize, Serialize};

use crate::text::Unit;

/// Timings of a row at least, with operands in the caches.
const FEWEST: usize = 7;

/// Processors that llvm-mca is asked about, by LLVM's names: families that have tables of their own there.
pub const PROCESSORS: [&str; 12] = [
    "btver2",
    "sandybridge",
    "haswell",
    "skylake",
    "skylake-avx512",
    "icelake-server",
    "alderlake",
    "sapphirerapids",
    "lunarlake",
    "znver2",
    "znver3",
    "znver4",
];

/// What one kernel under one schedule took on one machine.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// The text of one `hwk.kernel` with space, schedule and target, as `hwc-opt compile --emit hwk` prints it.
    pub kernel: String,
    /// Threads that ran it.
    pub threads: u32,
    /// Where it was measured: LLVM's name of the processor and a hash of what `/proc/cpuinfo` says of its caches and cores.
    pub device: String,
    /// Where the program comes from: `random` or the name of a model.
    pub source: String,
    /// Seconds of one run with operands in the caches, each timing; at least 7.
    pub warm: Vec<f64>,
    /// The same with caches full of something else.
    pub cold: Vec<f64>,
    /// Ratio of the sentinel kernel's time beside this row to its time at the start; 1 is an undisturbed machine.
    pub drift: f64,
    /// What the compiler says of the code; none where it was not asked.
    pub code: Option<Code>,
    /// llvm-mca's cycles of one iteration of the innermost loop by name of [`PROCESSORS`]; empty where it was not asked.
    pub mca: Vec<(String, f64)>,
    /// Seed and number of the program among those generated: resuming continues there.
    pub seed: u64,
    pub number: u64,
}

/// What the compiler says of a kernel's code.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Different vector registers that the code names.
    pub registers: u32,
    /// Stores of registers to the stack.
    pub spills: u32,
    pub instructions: u32,
    pub code_bytes: u32,
}

impl Row {
    /// Tokens, features and family of the kernel, run by the row's threads.
    ///
    /// # Errors
    /// What is wrong with the text; [`super::Store::read`] gives no such rows.
    pub fn unit(&self) -> Result<Unit, String> {
        Unit::of_kernel(&self.kernel, self.threads)
    }

    /// Equal for candidates of one program: a hash of the text without its schedule; see [`program`].
    pub fn program(&self) -> u64 {
        program(&self.kernel)
    }

    /// All that is wrong with the row; nothing if it is sound.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = vec![];
        let times = self.warm.iter().chain(&self.cold);
        if self.warm.len() < FEWEST {
            problems.push(format!("{} warm timings, at least {FEWEST} are needed", self.warm.len()));
        }
        if times.clone().any(|time| !time.is_finite() || *time <= 0.0) {
            problems.push("a timing is no positive number".into());
        }
        if !self.drift.is_finite() || self.drift <= 0.0 {
            problems.push("the drift is no positive number".into());
        }
        if self.threads == 0 {
            problems.push("no thread ran it".into());
        }
        if self.mca.iter().any(|(_, cycles)| !cycles.is_finite() || *cycles <= 0.0) {
            problems.push("cycles of llvm-mca are no positive number".into());
        }
        problems.extend(self.unit().err());
        problems
    }
}

/// A hash of a kernel's text without its schedule and what is estimated of that, the same on every machine. The target
/// counts: the same operations for another instruction set are another program.
pub fn program(kernel: &str) -> u64 {
    // A schedule holds no parenthesis behind its end, `>)`, and an estimate none of what ends it.
    let (before, after) = without(kernel, "schedule(#hwk.schedule<", ">)");
    let (between, after) = without(after, "hwk.estimate = array<", ">");
    let mut hasher = blake3::Hasher::new();
    for part in [before, between, after] {
        hasher.update(part.as_bytes());
    }
    first_eight(hasher.finalize())
}

pub(super) fn first_eight(hash: blake3::Hash) -> u64 {
    hash.as_bytes()[..8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// What stands before and after a part of a text.
fn without<'t>(text: &'t str, begin: &str, end: &str) -> (&'t str, &'t str) {
    let Some((before, rest)) = text.split_once(begin) else { return ("", text) };
    (before, rest.split_once(end).map_or("", |(_, after)| after))
}
