//! What the learned cost model learns from: kernels of random programs and of real models, measured under many schedules.

mod adapt;
mod collect;
mod device;
mod label;
mod programs;
mod sentinel;

pub use adapt::{Adapted, Adapting, adapt};
pub use collect::{Collection, Families, Progress, collect};
pub use device::device;
pub use label::{Labelled, label};
pub use programs::program;
pub use sentinel::BUSY;

use hwc_cost_model::dataset::{self, Row};

use crate::measure::Measurement;
use crate::{Error, Fault, Options, Target};

/// A row of a random program's kernel that one thread ran; the device and the program are for the caller to fill in.
fn row(kernel: &str, measurement: Measurement, drift: f64) -> Row {
    Row {
        kernel: kernel.into(),
        threads: 1,
        device: String::new(),
        source: "random".into(),
        warm: measurement.timings.warm,
        cold: measurement.timings.cold,
        drift,
        code: measurement.code,
        mca: vec![],
        seed: 0,
        number: 0,
    }
}

/// Options for a processor by name; nothing is this one.
fn for_target(options: Options, target: Option<&String>) -> Options {
    target.map_or(options.clone(), |name| options.target(Target::cpu(name)))
}

fn environment(error: dataset::Error) -> Error {
    Error::new(Fault::Environment, error)
}

#[cfg(test)]
mod tests;
