//! Serialized e-graphs, plain or gzipped. What is read is solved with little work; whatever is found must pass the checker.
#![no_main]

use hwc_extraction::{Error, Limits, check, parse, solve};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = match parse(data) {
        Ok(file) => file,
        Err(flaws) => {
            assert!(!flaws.is_empty() && flaws.iter().all(|flaw| !flaw.is_empty()));
            return;
        }
    };
    assert_eq!(file.class_names.len(), file.problem.classes() as usize);
    assert_eq!(file.node_names.iter().map(Vec::len).sum::<usize>(), file.problem.nodes());
    match solve(&file.problem, &Limits { rounds: 4, work: 1000, threads: 1, ..Limits::default() }) {
        Ok(outcome) => {
            let checked = check(&file.problem, &outcome.solution).expect("the plan is sound");
            assert!((checked.cost - outcome.cost).abs() <= 1e-9 * outcome.cost.abs().max(1.0));
            assert!(outcome.bound <= outcome.cost);
        }
        Err(Error::Impossible(classes)) => assert!(!classes.is_empty()),
        // Costs may be too large for the arithmetic.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
