//! HiGHS with a limit of work and a way to stop it.
//!
//! The safe bindings have no callbacks, and without one a run cannot be interrupted; hence `unsafe` here.
#![allow(unsafe_code)]

use crate::limits::Clock;
use highs::{HighsModelStatus, Model, RowProblem, Sense, SolvedModel};
use std::ffi::{c_char, c_int, c_void};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Optimal,
    Infeasible,
    /// Time, work or a caller's wish.
    Limit,
}

/// What a run says.
pub struct Answer {
    pub status: Status,
    /// Values of the columns; `None` if no point was found.
    pub values: Option<Vec<f64>>,
    /// Dual values of the columns of a linear program.
    pub reduced_costs: Vec<f64>,
    /// No point has a lower objective.
    pub bound: f64,
    /// Iterations of the simplex method.
    pub work: u64,
}

/// Limits of a run.
#[derive(Clone, Copy)]
pub struct Guard<'a> {
    pub clock: &'a Clock,
    /// Iterations of the simplex method.
    pub work: u64,
    pub seed: u64,
    /// Relative gap at which to stop.
    pub gap: f64,
    /// A small part of a problem: few nodes, and no time for heuristics, which such parts do not need.
    pub quick: bool,
    /// The program has rows of amounts.
    pub budgets: bool,
}

/// What the callback reads and writes.
struct Watch<'a> {
    clock: &'a Clock,
    most: u64,
    work: u64,
}

/// A program that can be solved again after rows were added.
pub struct Program(Option<Model>);

impl Program {
    /// # Errors
    /// What HiGHS says of a program that it does not take.
    pub fn new(columns: RowProblem) -> Result<Program, String> {
        let mut model = Model::try_new(columns).map_err(|status| format!("HiGHS refuses the program: {status:?}"))?;
        model.set_sense(Sense::Minimise);
        Ok(Program(Some(model)))
    }

    /// Adds `sum <= most`.
    ///
    /// # Errors
    /// What HiGHS says of a row that it does not take.
    pub fn add(&mut self, row: &[(highs::Col, f64)], most: f64) -> Result<(), String> {
        let model = self.0.as_mut().ok_or("the program is lost")?;
        let added = model.try_add_row(..=most, row.iter().copied());
        added.map(drop).map_err(|status| format!("HiGHS refuses a row: {status:?}"))
    }

    /// Solves the program, from a point if one is known.
    ///
    /// # Errors
    /// What HiGHS says when its arithmetic fails.
    pub fn solve(&mut self, start: Option<&[f64]>, guard: Guard<'_>) -> Result<Answer, String> {
        let mut model = self.0.take().ok_or("the program is lost")?;
        options(&mut model, guard).map_err(|option| format!("HiGHS does not know the option {option}"))?;
        if start.is_some() {
            // A point that does not fit is only not used.
            let _ = model.try_set_solution(start, None, None, None);
        }
        let mut watch = Watch { clock: guard.clock, most: guard.work, work: 0 };
        let highs = model.as_mut_ptr();
        // SAFETY: `highs` is a live instance. `watch` outlives the run below; afterwards the callback is taken back, so
        // that nothing refers to `watch` when it is gone.
        unsafe {
            // The limit of time is for this run, not for all of the instance's.
            highs_sys::Highs_zeroAllClocks(highs);
            highs_sys::Highs_setCallback(highs, Some(interrupt), (&raw mut watch).cast());
            highs_sys::Highs_startCallback(highs, highs_sys::kHighsCallbackMipInterrupt);
            highs_sys::Highs_startCallback(highs, highs_sys::kHighsCallbackSimplexInterrupt);
        }
        let solved = model.try_solve();
        let mut solved = solved.map_err(|status| format!("HiGHS ends with {status:?}"))?;
        // SAFETY: as above; an instance without callback is what it was before.
        unsafe {
            let highs = solved.as_mut_ptr();
            highs_sys::Highs_stopCallback(highs, highs_sys::kHighsCallbackMipInterrupt);
            highs_sys::Highs_stopCallback(highs, highs_sys::kHighsCallbackSimplexInterrupt);
            highs_sys::Highs_setCallback(highs, None, std::ptr::null_mut());
        }
        let answer = answer(&solved, &watch);
        self.0 = Some(solved.into());
        answer
    }
}

fn options(model: &mut Model, guard: Guard<'_>) -> Result<(), &'static str> {
    let mut set = |name: &'static str, value: f64| model.try_set_option(name, value).map_err(|_| name);
    set("time_limit", guard.clock.left().unwrap_or(f64::INFINITY))?;
    set("mip_rel_gap", guard.gap.max(0.0))?;
    if guard.quick {
        set("mip_heuristic_effort", 0.0)?;
    }
    if guard.budgets {
        // Amounts are compared with limits to nine digits. Without budgets such tolerances only take time.
        set("primal_feasibility_tolerance", 1e-9)?;
        set("mip_feasibility_tolerance", 1e-9)?;
    }
    let mut set = |name: &'static str, value: i32| model.try_set_option(name, value).map_err(|_| name);
    if guard.quick {
        set("mip_max_nodes", 200)?;
    }
    set("threads", 1)?;
    set("random_seed", (guard.seed % (1 << 30)) as i32)?;
    set("simplex_iteration_limit", guard.work.min(i32::MAX as u64) as i32)?;
    model.try_set_option("parallel", "off").map_err(|_| "parallel")
}

fn answer(solved: &SolvedModel, watch: &Watch<'_>) -> Result<Answer, String> {
    let status = match solved.status() {
        HighsModelStatus::Optimal => Status::Optimal,
        HighsModelStatus::Infeasible | HighsModelStatus::UnboundedOrInfeasible => Status::Infeasible,
        HighsModelStatus::ReachedTimeLimit
        | HighsModelStatus::ReachedIterationLimit
        | HighsModelStatus::ReachedSolutionLimit
        | HighsModelStatus::ReachedInterrupt
        | HighsModelStatus::Unknown => Status::Limit,
        other => return Err(format!("HiGHS ends with {other:?}")),
    };
    let info = |name| solved.double_info_value(name).map_err(|status| format!("HiGHS says no bound: {status:?}"));
    let found = solved.primal_solution_status() == highs::HighsSolutionStatus::Feasible;
    let solution = solved.get_solution();
    let bound = if status == Status::Optimal && !info(c"mip_gap")?.is_finite() {
        solved.objective_value()
    } else {
        info(c"mip_dual_bound")?
    };
    let iterations = u64::try_from(solved.simplex_iteration_count()).unwrap_or(0);
    Ok(Answer {
        status,
        values: found.then(|| solution.columns().to_vec()),
        reduced_costs: solution.dual_columns().to_vec(),
        bound,
        work: watch.work.max(iterations),
    })
}

/// Called by HiGHS, always from the thread that runs it.
unsafe extern "C" fn interrupt(
    kind: c_int,
    _message: *const c_char,
    out: *const highs_sys::HighsCallbackDataOut,
    input: *mut highs_sys::HighsCallbackDataIn,
    watch: *mut c_void,
) {
    // SAFETY: HiGHS hands over what `solve` gave it, and its own data, for the time of this call; null is ruled out.
    let (Some(out), Some(input), Some(watch)) =
        (unsafe { (out.as_ref(), input.as_mut(), watch.cast::<Watch<'_>>().as_mut()) })
    else {
        return;
    };
    let iterations = if kind == highs_sys::kHighsCallbackMipInterrupt {
        out.mip_total_lp_iterations
    } else {
        i64::from(out.simplex_iteration_count)
    };
    watch.work = watch.work.max(u64::try_from(iterations).unwrap_or(0));
    if watch.work > watch.most || watch.clock.stopped() {
        input.user_interrupt = 1;
    }
}
