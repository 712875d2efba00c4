use super::super::tests::candidates;
use super::super::{Measure, Report, report};
use super::*;
use crate::dataset::{Code, bound, work};
use crate::text::{FEATURES, vocabulary};

const OPERATIONS: [&str; 12] =
    ["relu", "exp", "tanh", "gelu", "sqrt", "abs", "neg", "erf", "sigmoid", "log", "sin", "cos"];

/// Six schedules of twelve families in three sizes, the last four families for testing, whose times follow a law.
fn follow(law: impl Fn(&Example) -> f64) -> (Vec<Example>, Vec<Example>) {
    let of = |operations: &[&str]| {
        let sized =
            operations.iter().flat_map(|operation| [96, 960, 24000].map(|size| candidates(operation, size, &[1.0; 6])));
        let mut examples: Vec<Example> = sized.flatten().collect();
        for example in &mut examples {
            example.seconds = law(example);
            let side = feature(example, "side").exp_m1().round() as u32;
            example.code = Some(Code { registers: 2 + side, spills: side / 4, instructions: 10 * side, code_bytes: 0 });
        }
        examples
    };
    (of(&OPERATIONS[..8]), of(&OPERATIONS[8..]))
}

fn feature(example: &Example, name: &str) -> f64 {
    let at = FEATURES.iter().position(|feature| feature.name == name).expect("is a feature");
    f64::from(example.unit.features[at])
}

fn judged(name: &str, (train, test): &(Vec<Example>, Vec<Example>)) -> Report {
    let baseline = BASELINES.iter().find(|baseline| baseline.name == name).expect("is a baseline");
    report(&mut [baseline.fit(train, 1).expect("learns")], test).expect("is judged")
}

fn mape(name: &str, data: &(Vec<Example>, Vec<Example>)) -> f64 {
    judged(name, data).value(&Measure::Mape).expect("is defined")
}

/// About four vectors side by side are best, and no two counts are equal; a smooth law of a feature.
fn smooth(example: &Example) -> f64 {
    let side = feature(example, "side").exp_m1();
    bound(&example.unit) * (1.0 + 0.5 * (side - 3.8).abs())
}

/// What no feature tells.
fn arbitrary(example: &Example) -> f64 {
    bound(&example.unit) * (1.0 + (example.program % 100) as f64 / 10.0)
}

#[test]
fn flops_learn_what_is_proportional_to_them_and_nothing_else() {
    let proportional = follow(|example| 3e-10 * feature(example, "flops").exp_m1());
    assert!(mape("flops", &proportional) < 1e-4);
    assert!(mape("flops", &follow(smooth)) > 0.2);
}

#[test]
fn the_roofline_learns_its_constants_and_nothing_else() {
    let law = |example: &Example| {
        let work = work(&example.unit);
        (work.flops / 1e9).max(work.bytes / 5e9) + 2e-6
    };
    assert!(mape("roofline", &follow(law)) < 0.02);
    assert!(mape("flops", &follow(law)) > 0.2);
    let report = judged("roofline", &follow(smooth));
    // All schedules of a program have the same bound.
    assert_eq!(report.value(&Measure::Pairwise), Some(0.5));
}

#[test]
fn trees_and_processes_learn_laws_of_features() {
    let data = follow(smooth);
    for (name, most) in [("trees", 0.05), ("gp", 0.1)] {
        let report = judged(name, &data);
        let value = |measure| report.value(&measure).expect("is defined");
        assert!(value(Measure::Mape) < most, "{name}: {}", value(Measure::Mape));
        assert!(value(Measure::Pairwise) > 0.95, "{name}: {}", value(Measure::Pairwise));
        assert!(value(Measure::Regret) < 1.01, "{name}: {}", value(Measure::Regret));
    }
    let report = judged("trees", &data);
    for (measure, most) in [(Measure::Registers, 0.05), (Measure::Instructions, 0.05)] {
        assert!(report.value(&measure).expect("is defined") < most, "{report:?}");
    }
    assert_eq!(report.value(&Measure::Spills), Some(1.0));
}

#[test]
fn networks_of_convolutions_learn_what_operations_and_operands_tell() {
    let [f32, f16] = ["f32", "f16"].map(|name| (0..).find(|id| vocabulary::name(*id) == name).expect("is a token"));
    let (mut all, _) = follow(|example| bound(&example.unit) * (1.0 + (example.unit.family % 8) as f64));
    let halves = all.clone().into_iter().map(|mut example| {
        example.unit.tokens.ids.iter_mut().filter(|id| **id == f32).for_each(|id| *id = f16);
        example.seconds *= 4.0;
        example
    });
    let by_operation = (all.clone(), all.clone());
    all.extend(halves);
    let by_type = (all.clone(), all);
    for (name, data, learns) in [
        ("conv1d-ops", &by_operation, true),
        ("conv1d-operands", &by_operation, true),
        ("conv1d-operands", &by_type, true),
        ("conv1d-ops", &by_type, false),
        ("conv1d-operands", &follow(smooth), false),
    ] {
        let mape = mape(name, data);
        assert!(if learns { mape < 0.1 } else { mape > 0.2 }, "{name}: {mape}");
    }
}

#[test]
fn nothing_learns_what_no_feature_tells() {
    let data = follow(arbitrary);
    for Baseline { name, .. } in BASELINES {
        assert!(mape(name, &data) > 0.2, "{name}");
    }
}

#[test]
fn intervals_hold_what_they_shall() {
    // A deviation of 0.2 that nothing explains.
    let law = |example: &Example| {
        let seed = example.program ^ feature(example, "side").to_bits();
        let mut random = fastrand::Rng::with_seed(seed);
        let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        bound(&example.unit) * (0.2 * normal).exp()
    };
    let data = follow(law);
    for name in ["roofline", "trees", "gp"] {
        let coverage = judged(name, &data).value(&Measure::Coverage).expect("is defined");
        assert!((0.8..=0.99).contains(&coverage), "{name}: {coverage}");
    }
}

#[test]
fn the_same_seed_gives_the_same_predictor() {
    let (train, test) = follow(arbitrary);
    for baseline in BASELINES {
        let name = baseline.name;
        let predict = |seed| baseline.fit(&train, seed).and_then(|mut fit| fit.predict(&test)).expect("predicts");
        assert_ne!(predict(1), predict(2), "{name}");
        for (seed, fit) in (1..).zip(&mut baseline.fits(&train, 1..3).expect("learns")) {
            assert_eq!(fit.predict(&test).expect("predicts"), predict(seed), "{name}");
        }
    }
}

#[test]
fn little_is_learned_from_little() {
    let (train, test) = follow(smooth);
    for baseline in BASELINES {
        let name = baseline.name;
        assert_eq!(
            baseline.fit(&[], 0).err().map(|error| error.to_string()),
            Some(format!("{name} cannot learn: there are no measured kernels to learn from"))
        );
        for count in [1, 2, 7, 19] {
            let mut fits = [baseline.fit(&train[..count], 0).expect("learns")];
            let report = report(&mut fits, &test).expect("is judged");
            assert!(report.value(&Measure::Mape).is_some(), "{name} of {count}");
            // One family alone is not held out.
            assert!(name == "gp" || count == 19 || report.value(&Measure::Coverage).is_none(), "{name} of {count}");
        }
        assert_eq!(baseline.fit(&train, 0).and_then(|mut fit| fit.predict(&[])).expect("predicts"), []);
    }
}
