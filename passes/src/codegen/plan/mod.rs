//! Memory of the model: the weights, the arena, and what `main` binds to them.

pub mod arena;
pub mod program;
pub mod weights;
