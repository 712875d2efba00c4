//! What code generation is told about a kernel, as plain types: its iteration space, the schedule of its loops, the
//! machine. Each is an attribute of the dialect `hwk`, whose text it prints and parses.
//!
//! ```mlir
//! hwk.kernel @matmul_0(%a: tensor<128x768xf32>, %b: tensor<768x3072xf32>) -> (tensor<128x3072xf32>)
//!     space(#hwk.space<contraction, m = 128, n = 3072, k = 768>)
//!     schedule(#hwk.schedule<loops, tiles = [registers(m = 6, n = 64)], order = [n, m, k], vector = n : 16 x 4>)
//!     target(#hwk.cpu<znver5, features = [avx512f], vector = 512, registers = 32, l1 = 49152, l2 = 1048576, l3 = 33554432, cores = 2>) {
//!   %0 = hwc.matmul %a, %b : (tensor<128x768xf32>, tensor<768x3072xf32>) -> tensor<128x3072xf32>
//!   hwk.yield %0 : tensor<128x3072xf32>
//! }
//! ```
//!
//! MLIR holds each attribute as its canonical text. A machine of another kind is another attribute in the place of
//! `#hwk.cpu`: a variant of [`Target`] that names the levels its tiles may have and says what its registers hold.
//! What schedules gain by it (stages, formats of numbers) are keys of [`Schedule`].

mod class;
mod enumerate;
mod estimate;
mod schedule;
mod space;
mod target;
mod text;
mod verify;

pub use class::{Class, ClassInfo, Inner, InnerInfo, Role};
pub use enumerate::{divisions, enumerate};
pub use estimate::Estimate;
pub use schedule::{Packing, Schedule, Tile, Vector};
pub use space::Space;
pub use target::{Cpu, Target};
pub use verify::verify;

/// Numbers by the name of a dimension, in the order written.
pub type Sizes = Vec<(String, i64)>;

/// The number that stands beside a dimension.
pub fn size(sizes: &Sizes, dim: &str) -> Option<i64> {
    sizes.iter().find(|(name, _)| name == dim).map(|(_, size)| *size)
}

/// The canonical text of what stands between the angle brackets of `#hwk.MNEMONIC<...>`.
///
/// # Errors
/// Where the text is not that of such an attribute; the sentence says what was expected, and at which column.
pub fn canonical(mnemonic: &str, text: &str) -> Result<String, String> {
    match mnemonic {
        "space" => Ok(text.parse::<Space>()?.to_string()),
        "schedule" => Ok(text.parse::<Schedule>()?.to_string()),
        "cpu" => Ok(Cpu::from_text(text)?.to_string()),
        _ => Err(format!("there is no attribute #hwk.{mnemonic}; there are #hwk.space, #hwk.schedule and #hwk.cpu")),
    }
}

#[cfg(test)]
mod tests;
