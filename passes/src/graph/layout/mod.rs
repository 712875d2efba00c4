//! Pass `hwc-channels-last`: convolutional networks work on images whose channels come last.
//!
//! Before: images are `[N, C, D...]`, as models have them. After: what stands between convolutions is `[N, D..., C]`;
//! transpositions stand only where an image enters or leaves such a region, and filters are transposed, which folding
//! does for constant ones. With channels innermost the vectors of a convolution run along its filters, whatever the size
//! of the image; each number of the image meets a contiguous row of the filter, and a convolution of one tap is a plain
//! product of matrices.
//!
//! Which operations take which order is one minimum cut: an operation that does not care takes the order of its
//! neighbours, a convolution gains from channels last by its arithmetic, a value needed in two orders costs a
//! transposition by its bytes ([`choose`]). So a model without convolutions stays as it is, and a lone small convolution
//! does too.

mod choose;
pub mod cost;
mod cut;
mod node;
mod rewrite;

use std::collections::HashSet;

use melior::Context;

use super::GraphError;
use crate::codegen::ir;
pub use node::{Reading, Role};

/// Where the channels of an image stand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    First,
    Last,
}

/// The keys of the values of a block that would be made with channels last.
///
/// # Errors
/// Where the block holds malformed operations.
pub fn made_last(block: ir::Blk) -> Result<HashSet<usize>, GraphError> {
    let nodes = node::read(&ir::block_ops(block))?;
    let last = choose::channels_last(block, &nodes);
    let made = nodes
        .iter()
        .zip(last)
        .filter(|(node, last)| *last && node.view.as_ref().is_some_and(|view| matches!(view.role, Role::Either(_))));
    Ok(made.flat_map(|(node, _)| ir::results(node.operation)).map(ir::key).collect())
}

/// Gives images another order of axes where that is expected to be faster. Expects static shapes; operations with
/// others are left alone. Constants that are read in another order are left to be folded.
///
/// # Errors
/// Where the module holds malformed operations.
pub fn channels_last<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), GraphError> {
    for function in ir::functions(module) {
        let Some(block) = ir::entry(function) else { continue };
        let nodes = node::read(&ir::block_ops(block))?;
        let last = choose::channels_last(block, &nodes);
        if last.contains(&true) {
            rewrite::rewrite(context, block, &nodes, &last)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
