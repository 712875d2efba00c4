//! What the learned cost model learns from: kernels of random programs and of real models, measured under many schedules.

mod collect;
mod device;
mod programs;

pub use collect::{BUSY, Collection, Families, Progress, collect};
pub use device::device;
pub use programs::program;

#[cfg(test)]
mod tests;
