//! Measured kernels to learn from: rows, the store that keeps them, and how they are divided for testing.
//!
//! A store is a folder; each process that adds rows has a file of its own, so stores merge by copying their files together.
//!
//! ```
//! use hwc_cost_model::dataset::{Store, split};
//!
//! let folder = std::env::temp_dir().join(format!("hwc-rows-{}", std::process::id()));
//! let contents = Store::open(&folder)?.read()?;
//! let (train, test) = split(contents.rows, 0.2);
//! assert_eq!((train.len(), test.len()), (0, 0));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod example;
mod row;
mod split;
mod store;

pub use error::Error;
pub(crate) use example::{CALL, NOMINAL};
pub use example::{Example, bound, work};
pub use row::{Code, PROCESSORS, Row, program};
pub use split::{TESTED, is_test, split};
pub use store::{Contents, Damage, Store};

#[cfg(test)]
mod tests;
