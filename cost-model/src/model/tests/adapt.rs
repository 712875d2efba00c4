use super::*;
use crate::dataset::work;

/// A machine that no model has seen.
const TARGET: u64 = 99;

/// Units of the tests on another machine, with what they take there: the clock is 1.7 times as slow, and memory a tenth.
fn elsewhere() -> (Vec<Unit>, Vec<f64>) {
    let on_it = |example: &Example| {
        let unit = Unit { target: Some(TARGET), ..example.unit.clone() };
        let seconds = 1.7 * (example.seconds + work(&unit).bytes / 2e9);
        (unit, seconds)
    };
    LEARNED.test.iter().map(on_it).unzip()
}

/// Kernels to measure are every third one; the others judge.
fn divided() -> [(Vec<Unit>, Vec<f64>); 2] {
    let (units, seconds) = elsewhere();
    [true, false].map(|pool| {
        let rows = units.iter().zip(&seconds).enumerate().filter(|(row, _)| (row % 3 == 0) == pool);
        rows.map(|(_, (unit, seconds))| (unit.clone(), *seconds)).unzip()
    })
}

fn error(model: &Model, (units, seconds): &(Vec<Unit>, Vec<f64>)) -> f64 {
    let predicted = predict(model, units);
    predicted.iter().zip(seconds).map(|(p, seconds)| (p.seconds / seconds - 1.0).abs()).sum::<f64>()
        / units.len() as f64
}

fn adapted(samples: usize) -> Model {
    let [(units, seconds), _] = divided();
    let pool = Pool::new(&LEARNED.model, units).expect("a pool");
    let chosen = pool.design(samples).expect("a design");
    pool.adapt(&chosen.iter().map(|place| (*place, seconds[*place])).collect::<Vec<_>>()).expect("adapted")
}

#[test]
fn ten_measurements_teach_another_machine() {
    let model = &LEARNED.model;
    let [_, judges] = divided();
    let adapted = adapted(10);
    let (before, after) = (error(model, &judges), error(&adapted, &judges));
    assert!(before > 0.4 && after < 0.15, "{before} {after}");
    let screened = adapted.screen(&judges.0);
    let screened = screened.iter().zip(&judges.1).map(|(p, seconds)| (p / seconds - 1.0).abs()).sum::<f64>();
    assert!(screened / (judges.0.len() as f64) < 0.2, "{screened}");
    let predicted = predict(&adapted, &judges.0);
    let inside = predicted.iter().zip(&judges.1).filter(|(p, seconds)| (p.low..=p.high).contains(seconds)).count();
    assert!(inside as f64 > 0.8 * judges.0.len() as f64, "{inside}");
    assert!(predicted.iter().all(|p| p.low <= p.seconds && p.seconds <= p.high && p.low > 0.0));
    // What was outside is known now, and the machines that were known take what they took.
    assert_eq!(model.outside(&judges.0[0]), Some(Outside::Target));
    assert_eq!(adapted.outside(&judges.0[0]), None);
    assert_eq!(predict(&adapted, &LEARNED.units), predict(model, &LEARNED.units));
}

#[test]
fn adapting_again_forgets_what_was_known_of_the_machine() {
    let (once, [(units, seconds), _]) = (adapted(10), divided());
    let pool = Pool::new(&once, units).expect("a pool");
    let chosen = pool.design(10).expect("a design");
    let samples: Vec<(usize, f64)> = chosen.iter().map(|place| (*place, seconds[*place])).collect();
    assert_eq!(pool.adapt(&samples).expect("adapted"), once);
    assert_eq!(Model::from_bytes(&once.to_bytes()).expect("read"), once);
    let mut broken = once;
    broken.content.corrections[0].target += 1;
    assert!(Model::from_bytes(&broken.to_bytes()).is_ok());
    broken.content.corrections.push(Default::default());
    assert!(matches!(Model::from_bytes(&broken.to_bytes()), Err(Error::Broken(_))));
}

#[test]
fn what_is_left_out_is_expected_by_the_others() {
    let [(units, seconds), _] = divided();
    let pool = Pool::new(&LEARNED.model, units).expect("a pool");
    let chosen = pool.design(12).expect("a design");
    // Those of a smaller design come first.
    assert_eq!(pool.design(5).expect("a design"), chosen[..5]);
    let mut samples: Vec<(usize, f64)> = chosen.iter().map(|place| (*place, seconds[*place])).collect();
    let left_out = pool.left_out(&samples).expect("left out");
    let error = |which: fn(&(f64, f64)) -> f64| {
        let errors = left_out.iter().zip(&samples).map(|(left, (_, seconds))| (which(left) / seconds - 1.0).abs());
        errors.sum::<f64>() / samples.len() as f64
    };
    let (before, after) = (error(|left| left.0), error(|left| left.1));
    assert!(before > 0.4 && after < 0.3, "{before} {after}");
    // What a kernel takes itself does not matter for it.
    samples[3].1 *= 2.0;
    assert_eq!(pool.left_out(&samples).expect("left out")[3], left_out[3]);
}

#[test]
fn what_cannot_be_adapted_by_is_refused() {
    let refused = |result: Result<Model, Error>, part: &str| match result {
        Err(Error::Examples(wrong)) => assert!(wrong[0].contains(part), "{wrong:?}"),
        other => panic!("{other:?}"),
    };
    let (units, _) = elsewhere();
    let pool = |units: &[Unit]| Pool::new(&LEARNED.model, units.to_vec());
    refused(pool(&[]).and_then(|pool| pool.adapt(&[])), "not of one machine");
    let two = [units[0].clone(), LEARNED.units[0].clone()];
    refused(pool(&two).and_then(|pool| pool.adapt(&[])), "not of one machine");
    let pool = pool(&units[..4]).expect("a pool");
    refused(pool.adapt(&[]), "no measurements");
    refused(pool.adapt(&[(4, 1e-3)]), "out of range");
    refused(pool.adapt(&[(0, f64::NAN)]), "takes a time of NaN");
    assert!(matches!(pool.design(5), Err(Error::Examples(_))));
}
