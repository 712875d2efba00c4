//! Files of the data folder: read, solved to the known best cost, checked.

use hwc_extraction::{Error, Limits, Outcome, Problem, check, read, solve};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(format!("{name}.json.gz"))
}

fn problem(name: &str) -> Problem {
    read(&path(name)).expect("the file is sound").problem
}

fn solved(problem: &Problem, limits: &Limits) -> Outcome {
    let outcome = solve(problem, limits).expect("there is a plan");
    let checked = check(problem, &outcome.solution).expect("the plan is sound");
    assert!((checked.cost - outcome.cost).abs() <= 1e-9 * outcome.cost.abs());
    outcome
}

#[test]
fn best_costs_are_proven() {
    let known = [
        ("dummy_examples_choice", 37.0),
        ("dummy_examples_loop", 5.0),
        ("egg_diff_power_harder", 6.0),
        ("egg_integ_part2", 4.0),
        ("eggcc-bril_add.bril", 13.0),
        ("rover_mcm_3_7_21_original_8iteration_egraph", 1050.0),
        ("tensat_vgg_acyclic", 4.866774947848171),
    ];
    for (name, cost) in known {
        let outcome = solved(&problem(name), &Limits::default());
        assert!(outcome.proved && outcome.bound == outcome.cost && outcome.gap == 0.0, "{name}: {:?}", outcome.stages);
        assert!((outcome.cost - cost).abs() < 1e-9, "{name}: {}", outcome.cost);
    }
}

/// Long ways back at no cost: found only by cuts for sets of classes.
#[test]
fn cycles_of_many_classes_are_cut_off() {
    let outcome = solved(&problem("tensat_vgg"), &Limits::default());
    assert!(outcome.proved && (outcome.cost - 4.850757016778516).abs() < 1e-9, "{:?}", outcome.stages);
}

#[test]
fn threads_make_no_difference() {
    // Too little work for a proof, so that all stages decide.
    for name in ["maxsat_maxcut-140-630-0.7-1", "diospyros_vector_matrix_multiply_2x2_2x2_root_21"] {
        let problem = problem(name);
        let limits = |threads| Limits { threads, rounds: 12, work: 400, seed: 3, ..Limits::default() };
        let outcomes = [1, 2, 4].map(|threads| solved(&problem, &limits(threads)));
        for other in &outcomes[1..] {
            assert_eq!(outcomes[0].solution, other.solution, "{name}");
            assert_eq!(outcomes[0].bound.to_bits(), other.bound.to_bits(), "{name}");
        }
    }
}

#[test]
fn neighbourhoods_improve_the_greedy_plan() {
    let problem = problem("maxsat_maxcut-140-630-0.7-1");
    let greedy = solved(&problem, &Limits { rounds: 0, work: 0, ..Limits::default() });
    let better = solved(&problem, &Limits { rounds: 24, work: 0, ..Limits::default() });
    assert!(better.cost < greedy.cost, "{} {}", better.cost, greedy.cost);
    // Rewards of all 1260 clauses: what is known without an exact stage.
    assert!(!better.proved && better.bound == -1260.0 && better.gap > 0.0, "{:?}", better.stages);
}

#[test]
fn cancelled_and_out_of_time_there_is_still_a_plan() {
    let problem = problem("tensat_bert");
    let cancel = Some(Arc::new(AtomicBool::new(true)));
    let cancelled = solved(&problem, &Limits { cancel, ..Limits::default() });
    let out_of_time = solved(&problem, &Limits { seconds: Some(0.0), ..Limits::default() });
    for outcome in [cancelled, out_of_time] {
        assert!(outcome.cost < 0.83 && !outcome.proved, "{:?}", outcome.stages);
    }
}

#[test]
fn a_file_that_is_none_is_named() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/README.md");
    let error = read(&path).expect_err("is no e-graph");
    assert!(matches!(error, Error::Format { .. }) && error.to_string().contains("README.md"), "{error}");
}
