//! Passes over the graph: everything from the imported `hwc` module to one function per kernel.

mod affine;
pub mod chosen;
pub(crate) mod edit;
mod fold;
mod group;
pub(crate) mod layout;
mod nodes;
mod outline;
mod padding;
mod pricing;
mod views;
mod winograd;
mod work;

pub use affine::fold_affine;
pub use fold::fold_constants;
pub use group::{LARGEST, Rows};
pub use layout::channels_last;
pub use nodes::{is_border, rows_of};
pub use outline::{form_kernels, mark_constants};
pub use padding::pad_images;
pub use pricing::kernel_seconds;
pub use winograd::winograd;
pub use work::{Call, flops, kernel_work};

/// Why a graph pass could not work on a module.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The module is not a graph: a defect of what made it, or of hand-written input.
    #[error("not a graph: {0}")]
    Malformed(String),
}
