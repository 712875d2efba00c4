use std::ops::ControlFlow;
use std::sync::LazyLock;

use super::train::groups;
use super::*;
use crate::dataset::{Example, is_test};
use crate::text::{FEATURES, Tokenizer, Tokens};

mod adapt;
mod gradients;
mod synthetic;

const SHAPE: Shape = Shape { width: 16, layers: 2, trunk: 32, head: 32 };
const TRAINING: Training =
    Training { seed: 7, epochs: 12, members: 2, shape: SHAPE, rate: 4e-3, dropped: 0.02, calibration: 0.2 };

fn learn(examples: &[Example], training: &Training) -> Result<Model, Error> {
    train(examples, training, &mut |_| ControlFlow::Continue(()))
}

struct Learned {
    model: Model,
    /// Rows of families that are not learned from.
    test: Vec<Example>,
    units: Vec<Unit>,
}

static LEARNED: LazyLock<Learned> = LazyLock::new(|| {
    let (test, rows): (Vec<Example>, Vec<Example>) =
        synthetic::examples(60, 3).into_iter().partition(|example| is_test(example.unit.family, 0.25));
    let model = learn(&rows, &TRAINING).expect("learned");
    let units = test.iter().map(|example| example.unit.clone()).collect();
    Learned { model, test, units }
});

fn predict(model: &Model, units: &[Unit]) -> Vec<Prediction> {
    model.runner().expect("a runner").predict(units).expect("predicted")
}

#[test]
fn the_model_that_comes_with_the_compiler_is_for_its_tokens() {
    // Where this fails, tokens, features or the file have changed, and `models/README.md` says how to make another one.
    let model = Model::from_bytes(BUILTIN).expect("a model");
    assert!(model.report().rows > 5_000, "{:?}", model.report());
}

#[test]
fn both_tiers_learn_a_law() {
    let Learned { model, test, units } = &*LEARNED;
    let rows: Vec<&Example> = test.iter().collect();
    let seconds = predict(model, units).iter().map(|prediction| prediction.seconds).collect::<Vec<f64>>();
    // The bound alone, which knows nothing of schedules, chooses at random: the first of its equals.
    let bounds: Vec<f64> = units.iter().map(crate::dataset::bound).collect();
    let blind = figures(&rows, &bounds);
    for (tier, seconds) in [model.screen(units), seconds].iter().enumerate() {
        let figures = figures(&rows, seconds);
        assert!(figures.pairs > 0.88 && figures.error < 0.15, "tier {tier}: {figures:?}");
        // Most of what there is to lose is won.
        assert!(figures.regret.ln() < 0.2 * blind.regret.ln(), "tier {tier}: {figures:?}, {blind:?}");
    }
}

#[test]
fn the_runtime_computes_what_training_does() {
    let Learned { model, units, .. } = &*LEARNED;
    // Lengths differ, and none is a batch: the shortest has no token.
    let mut units = units[..150].to_vec();
    for (number, unit) in units.iter_mut().enumerate().take(40) {
        unit.tokens.ids.truncate(2 * number);
        unit.tokens.numbers.truncate(2 * number);
    }
    let trained = predict::outputs(&model.content, &units.iter().collect::<Vec<_>>());
    let run = model.runner().expect("a runner").outputs(&units).expect("run");
    assert_eq!(run.len(), units.len());
    for (number, (trained, run)) in trained.iter().zip(&run).enumerate() {
        for (a, b) in trained.iter().zip(run) {
            assert!((a - b).abs() <= 1e-4 * a.abs().max(1.0), "unit {number}: {trained:?}, {run:?}");
        }
    }
}

#[test]
fn code_is_learned_where_it_is_known() {
    let Learned { model, test, units } = &*LEARNED;
    let predicted = predict(model, units);
    let known = || test.iter().zip(&predicted).filter_map(|(example, p)| example.code.map(|code| (code, p.code)));
    let error: f64 = known().map(|(code, p)| (p.registers - f64::from(code.registers)).abs()).sum::<f64>();
    assert!(error / (known().count() as f64) < 3.0);
    let right = known().filter(|(code, p)| (code.spills > 0) == (p.spills > 0.0)).count();
    assert!(right as f64 > 0.9 * known().count() as f64);
    let near = known().filter(|(code, p)| (p.instructions / f64::from(code.instructions)).ln().abs() < 0.3).count();
    assert!(near as f64 > 0.8 * known().count() as f64);
    for processor in [3, 11] {
        let known = test.iter().zip(&predicted).filter_map(|(e, p)| Some((e.mca[processor]?, p.code.mca[processor])));
        let errors: Vec<f64> = known.map(|(cycles, predicted)| (predicted / cycles).ln().abs()).collect();
        assert!(!errors.is_empty() && errors.iter().sum::<f64>() < 0.3 * errors.len() as f64);
    }
}

#[test]
fn schedules_that_are_told_apart_are_in_their_order() {
    let Learned { model, test, units } = &*LEARNED;
    let predicted = predict(model, units);
    let (mut told, mut right) = (0, 0);
    for group in groups(&test.iter().collect::<Vec<_>>()) {
        let best =
            *group.iter().min_by(|a, b| predicted[**a].seconds.total_cmp(&predicted[**b].seconds)).expect("some");
        let is_apart = |other: &usize| predicted[*other].seconds > predicted[best].seconds * predicted[best].apart;
        for other in group.iter().copied().filter(is_apart) {
            told += 1;
            right += usize::from(test[other].seconds > test[best].seconds);
        }
    }
    assert!(told > 100, "{told} are told apart");
    assert!(right as f64 > 0.85 * told as f64, "{right} of {told} are right");
}

#[test]
fn intervals_hold_what_they_should() {
    let Learned { model, test, units } = &*LEARNED;
    let predicted = predict(model, units);
    let inside = test.iter().zip(&predicted).filter(|(example, p)| (p.low..=p.high).contains(&example.seconds)).count();
    let share = inside as f64 / test.len() as f64;
    // Families are drawn: with ten to calibrate on and about as many to test, some per cent to both sides are luck.
    assert!((0.8..=0.98).contains(&share), "{share}");
    assert!(predicted.iter().all(|p| p.low <= p.seconds && p.seconds <= p.high && p.low > 0.0));
}

#[test]
fn nothing_gives_nothing() {
    let Learned { model, .. } = &*LEARNED;
    assert_eq!(predict(model, &[]), []);
    assert_eq!(model.screen(&[]), Vec::<f64>::new());
    match learn(&[], &TRAINING) {
        Err(Error::Examples(wrong)) => assert!(wrong[0].contains("tune collect"), "{wrong:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_never_seen_is_told() {
    let Learned { model, units, .. } = &*LEARNED;
    assert_eq!(model.outside(&units[0]), None);
    let changed = |change: &dyn Fn(&mut Unit)| {
        let mut unit = units[0].clone();
        change(&mut unit);
        let outside = model.outside(&unit);
        assert_eq!(predict(model, &[unit])[0].outside, outside);
        outside
    };
    let at = |name: &str| FEATURES.iter().position(|feature| feature.name == name).expect("a feature");
    assert!(changed(&|unit| unit.features[at("flops")] -= 0.5).is_none());
    match changed(&|unit| unit.features[at("flops")] = 1e12f32.ln_1p()) {
        Some(Outside::Size { feature: "flops", value, high, .. }) => {
            assert!((value / 1e12 - 1.0).abs() < 1e-4 && high < 1e10, "{value} {high}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(changed(&|unit| unit.target = Some(1)), Some(Outside::Target));
    assert_eq!(changed(&|unit| unit.features[at("known")] = 1.0), Some(Outside::Incomplete));
    assert_eq!(changed(&|unit| unit.tokens = Tokens::default()), None);
    let text = "hwk.kernel @k(%x: tensor<8xf32>) -> (tensor<8xf32>) {\n  %0 = hwc.conv %x : (tensor<8xf32>) -> tensor<8xf32>\n}";
    let foreign = Tokenizer::default().read(text).expect("read").remove(0).tokens;
    match changed(&|unit| unit.tokens = foreign.clone()) {
        Some(Outside::Operation(name)) => assert_eq!(name, "hwc.conv"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_returns_as_it_was_written() {
    let Learned { model, units, .. } = &*LEARNED;
    let bytes = model.to_bytes();
    let read = Model::from_bytes(&bytes).expect("read");
    assert_eq!(&read, model);
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(read.screen(units), model.screen(units));
    assert_eq!(read.report().figures, model.report().figures);
}

#[test]
fn files_that_are_no_models_are_refused_with_what_to_do() {
    let bytes = LEARNED.model.to_bytes();
    let refused = |bytes: &[u8]| {
        let error = Model::from_bytes(bytes).expect_err("it is refused");
        assert!(error.to_string().contains("hwc-opt tune train"), "{error}");
        error
    };
    for length in (0..600).chain((600..bytes.len()).step_by(997)).chain([bytes.len() - 1]) {
        refused(&bytes[..length]);
    }
    for place in (0..600).chain((600..bytes.len()).step_by(997)) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 4;
        refused(&bytes);
    }
    assert!(matches!(refused(b"\x08\x08onnx"), Error::NotAModel));
    let mut other = bytes.clone();
    other[16] += 1;
    assert!(matches!(refused(&other), Error::Version { found: 5, wanted: 4 }));
    let mut content = LEARNED.model.content.clone();
    content.fingerprint = "other tokens".into();
    assert!(matches!(refused(&content.to_bytes()), Error::Tokens { .. }));
    // A right checksum does not make it sound.
    let mut content = LEARNED.model.content.clone();
    content.screen[2].data[5] = f32::NAN;
    assert!(matches!(refused(&content.to_bytes()), Error::Broken(_)));
    content = LEARNED.model.content.clone();
    content.shape.width += 1;
    assert!(matches!(refused(&content.to_bytes()), Error::Broken(_)));
    assert!(matches!(Model::open("/nowhere/cost.model"), Err(Error::File { .. })));
}

#[test]
fn the_same_seed_gives_the_same_file() {
    let rows = synthetic::examples(12, 5);
    let training = Training { epochs: 2, members: 1, ..TRAINING };
    let one = learn(&rows, &training).expect("learned").to_bytes();
    assert_eq!(one, learn(&rows, &training).expect("learned").to_bytes());
    assert_ne!(one, learn(&rows, &Training { seed: 8, ..training }).expect("learned").to_bytes());
}

#[test]
fn training_stops_when_it_is_told() {
    let rows = synthetic::examples(12, 5);
    let mut told = vec![];
    let stopped = train(&rows, &TRAINING, &mut |progress| {
        told.push(progress.done);
        if told.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(told, [1, 2, 3]);
}
