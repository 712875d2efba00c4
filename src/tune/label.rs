//! Labels of kernels that somebody has measured: what llvm-mca says of their code.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;

use hwc_cost_model::dataset::{Row, Store};

use super::environment;
use crate::measure::MachineCode;
use crate::{Error, Fault, Options};

/// Rows that are written at a time: what an interruption costs.
const BATCH: usize = 32;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    pub rows: usize,
    /// Those that llvm-mca was asked about, before this too.
    pub labelled: usize,
    /// Rows that it could not say anything of, and why of the last of them.
    pub failed: usize,
    pub failure: Option<String>,
}

/// Writes rows to a folder, `count` of them with llvm-mca's cycles, drawn by a hash of their texts: more rows have those of
/// fewer among them. What the folder has already is not done again. `observe` is told how many of how many are labelled.
///
/// # Errors
/// [`Fault::Environment`] where the folder cannot be read or written, or there is no llvm-mca: what was written before is kept.
pub fn label(
    rows: Vec<Row>,
    count: usize,
    folder: &Path,
    mut observe: impl FnMut(usize, usize),
) -> Result<Labelled, Error> {
    let mut store = Store::open(folder).map_err(environment)?;
    let there = store.read().map_err(environment)?.rows;
    let done: HashSet<blake3::Hash> = there.iter().map(digest).collect();
    let mut drawn: Vec<(blake3::Hash, Row)> = rows.into_iter().map(|row| (digest(&row), row)).collect();
    drawn.sort_by_key(|(hash, _)| *hash.as_bytes());
    drawn.dedup_by_key(|(hash, _)| *hash);
    let rest = drawn.split_off(count.min(drawn.len()));
    let (rows, count) = (drawn.len() + rest.len(), drawn.len());
    let is_new = |(hash, _): &(blake3::Hash, Row)| !done.contains(hash);
    for (_, row) in rest.into_iter().filter(is_new) {
        store.append(&row).map_err(environment)?;
    }
    let drawn: Vec<Row> = drawn.into_iter().filter(is_new).map(|(_, row)| row).collect();
    let mut result = Labelled { rows, labelled: count - drawn.len(), ..Labelled::default() };
    for batch in drawn.chunks(BATCH) {
        for (row, cycles) in batch.iter().zip(asked(batch)) {
            let mca = match cycles {
                Ok(mca) => mca,
                Err(error) if error.fault() == Fault::Environment => return Err(error),
                Err(error) => {
                    result.failed += 1;
                    result.failure = Some(error.to_string());
                    vec![]
                }
            };
            store.append(&Row { mca, ..row.clone() }).map_err(environment)?;
            result.labelled += 1;
        }
        observe(result.labelled, count);
    }
    Ok(result)
}

/// A row but for its labels.
fn digest(row: &Row) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(row.kernel.as_bytes()).update(row.device.as_bytes()).update(&row.threads.to_le_bytes());
    row.warm.iter().for_each(|seconds| _ = hasher.update(&seconds.to_le_bytes()));
    hasher.finalize()
}

type Cycles = Result<Vec<(String, f64)>, Error>;

/// llvm-mca's cycles of some rows, in their order, by as many threads as there are cores.
fn asked(rows: &[Row]) -> Vec<Cycles> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let of = |row: &Row| MachineCode::of(&row.kernel, &Options::new())?.mca();
    std::thread::scope(|scope| {
        let parts = rows.chunks(rows.len().div_ceil(cores).max(1));
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().map(of).collect::<Vec<Cycles>>())).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.flat_map(|all| all.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
