//! The e-graph of a graph: everything that rules say is equal, at once.

pub mod check;
pub mod facts;
pub mod language;
pub mod module;
pub mod rules;
pub mod saturate;
pub mod tables;

/// Graphs that are also what saturation is timed with.
#[cfg(test)]
#[path = "../../examples/bench_saturation/graphs.rs"]
pub mod graphs;
