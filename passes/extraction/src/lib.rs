//! Cheapest plans from AND-OR graphs, with a bound.
//!
//! A [`Problem`] has classes of alternative nodes; a node needs one plan for each of its children. A plan chooses one node
//! for each class it needs, without cycles, and costs the sum of its nodes: what is needed twice is made and paid once
//! (DAG cost). Budgets limit sums of other amounts. [`solve`] finds the cheapest plan, or the best one it can within its
//! [`Limits`], and says how far from the best it can be at most.
//!
//! ```
//! use hwc_extraction::{Limits, Node, Problem, check, solve};
//!
//! let node = |cost, children: &[u32]| Node { cost, children: children.to_vec(), amounts: vec![] };
//! // Class 0 takes one dear child, or two cheap ones that share what they need.
//! let classes = [
//!     vec![node(1.0, &[1]), node(1.0, &[2, 3])],
//!     vec![node(9.0, &[])],
//!     vec![node(1.0, &[4])],
//!     vec![node(1.0, &[4])],
//!     vec![node(5.0, &[])],
//! ];
//! let problem = Problem::new(&classes, &[0], vec![])?;
//! let outcome = solve(&problem, &Limits::default())?;
//! assert_eq!((outcome.cost, outcome.solution.choice[0]), (8.0, Some(1)));
//! assert!(check(&problem, &outcome.solution).is_ok());
//! # Ok::<(), hwc_extraction::Error>(())
//! ```

mod alternatives;
mod check;
mod core;
mod error;
mod exact;
mod greedy;
mod limits;
mod lns;
mod outcome;
mod plan;
mod problem;
mod read;
mod reduce;
mod solve;

pub use alternatives::{next_best, solve_top};
pub use check::{Checked, Fault, check};
pub use error::{Error, Result};
pub use limits::Limits;
pub use outcome::{Excess, Nearest, Outcome, Solution, Stage, StageKind};
pub use problem::{Budget, Flaw, Node, NodeRef, Problem};
pub use read::{File, parse, read};
pub use solve::{solve, solve_from};
