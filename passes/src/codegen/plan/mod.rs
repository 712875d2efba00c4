//! Memory of the model: the weights, the arena, and what `main` binds to them.

pub mod arena;
pub mod order;
pub mod program;
pub mod weights;
