//! What the machine can do: arithmetic, and memory traffic of a given size.

mod inner;
mod rounds;

use crate::error::Result;
use crate::report::significant;
use rounds::best_of_rounds;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MIB: usize = 1 << 20;

/// What limits a row at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Multiplications and additions.
    Fma,
    /// Memory that is read.
    Read,
    /// Memory of which about half is read and half written.
    Copy,
}

impl Bound {
    pub fn name(self) -> &'static str {
        match self {
            Bound::Fma => "fma",
            Bound::Read => "read",
            Bound::Copy => "copy",
        }
    }

    /// "copy of 32 MiB"
    pub fn with_size(self, bytes: usize) -> String {
        match Peaks::size(self, bytes) {
            0 => self.name().to_string(),
            size => format!("{} of {} MiB", self.name(), size / MIB),
        }
    }

    /// For the reports: a rate of 1e9 of these.
    pub fn unit(self) -> &'static str {
        match self {
            Bound::Fma => "GFLOP/s",
            Bound::Read | Bound::Copy => "GB/s",
        }
    }
}

/// Peaks of this machine, measured when first asked for.
pub struct Peaks {
    threads: usize,
    known: BTreeMap<(Bound, usize), Option<f64>>,
}

impl Peaks {
    pub fn new(threads: usize) -> Peaks {
        Peaks { threads, known: BTreeMap::new() }
    }

    /// Operations or bytes per second; `bytes` is how much memory is gone through again and again, which decides in
    /// what cache it lies. `None` where this program has no code for the CPU's vector unit.
    pub fn rate(&mut self, bound: Bound, bytes: usize) -> Option<f64> {
        let bytes = Peaks::size(bound, bytes);
        *self.known.entry((bound, bytes)).or_insert_with(|| measure(bound, bytes, self.threads))
    }

    /// The size that the peak of a row is measured with: whole MiB, none for arithmetic.
    pub fn size(bound: Bound, bytes: usize) -> usize {
        if bound == Bound::Fma { 0 } else { ((bytes + MIB / 2) / MIB).max(1) * MIB }
    }

    /// Measures anew what was measured before, and keeps the better: a peak is what the machine does undisturbed.
    pub fn again(&mut self) {
        for ((bound, bytes), rate) in &mut self.known {
            let other = measure(*bound, *bytes, self.threads);
            *rate = rate.zip(other).map(|(one, other)| one.max(other));
        }
    }
}

fn measure(bound: Bound, bytes: usize, threads: usize) -> Option<f64> {
    let part = bytes / threads;
    match bound {
        Bound::Fma => {
            let fma = inner::fma()?;
            best_of_rounds(threads, || (), |()| fma())
        }
        Bound::Read => {
            let read = inner::read()?;
            best_of_rounds(threads, || inner::Buffer::new(part), |buffer| read(buffer))
        }
        Bound::Copy => {
            let rates = inner::copies()?.into_iter().map(|copy| {
                let buffers = || (inner::Buffer::new(part / 2), inner::Buffer::new(part / 2));
                best_of_rounds(threads, buffers, |(from, to)| copy(from, to))
            });
            rates.flatten().max_by(f64::total_cmp)
        }
    }
}

#[derive(clap::Args)]
pub struct Args {
    /// How many threads work at the same time
    #[arg(long, default_value_t = 1, value_parser = super::threads)]
    threads: usize,
}

/// `cargo xtask peak`
pub fn run(args: &Args) -> Result<()> {
    let mut peaks = Peaks::new(args.threads);
    let sizes = [(Bound::Fma, 0), (Bound::Read, 64 << 20), (Bound::Read, 512 << 20)].into_iter().chain([
        (Bound::Copy, 32 << 20),
        (Bound::Copy, 64 << 20),
        (Bound::Copy, 512 << 20),
    ]);
    for (bound, bytes) in sizes {
        let rate = peaks.rate(bound, bytes).map_or("-".to_string(), |rate| significant(rate / 1e9));
        let size = if bytes == 0 { String::new() } else { format!(" {} MiB", bytes >> 20) };
        println!("{}{size} threads={} {rate} {}", format!("{bound:?}").to_lowercase(), args.threads, bound.unit());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_has_one_peak() {
        let mut peaks = Peaks { threads: 1, known: BTreeMap::from([((Bound::Fma, 0), Some(7.0))]) };
        assert_eq!(peaks.rate(Bound::Fma, 1000), Some(7.0));
    }

    #[test]
    fn sizes_are_rounded() {
        assert_eq!(Bound::Copy.with_size(4 * (2 * 4096 * 1024 + 1024)), "copy of 32 MiB");
        assert_eq!(Bound::Read.with_size(5), "read of 1 MiB");
        assert_eq!(Bound::Fma.with_size(5), "fma");
    }
}
