use super::*;
use crate::dataset::{Code, PROCESSORS, Row};
use crate::model::{CodeEstimate, Prediction, Training, train};
use crate::text::Unit;
use std::ops::ControlFlow;

/// Candidates of an operation, which makes the family, in a size, which makes the program: one for each time.
pub(super) fn candidates(operation: &str, size: u32, times: &[f64]) -> Vec<Example> {
    let example = |(at, seconds): (usize, &f64)| {
        let kernel = format!(
            "hwk.kernel @k(%x: tensor<{size}xf32>) -> (tensor<{size}xf32>) \
             space(#hwk.space<elementwise, cols = {size}>) \
             schedule(#hwk.schedule<loops, vector = cols : 4 x {}>) {{\n  \
             %0 = hwc.{operation} %x : (tensor<{size}xf32>) -> tensor<{size}xf32>\n  \
             hwk.yield %0 : tensor<{size}xf32>\n}}",
            at + 1
        );
        let row = Row {
            kernel,
            threads: 1,
            device: "cpu-0".into(),
            source: "random".into(),
            warm: vec![*seconds; 7],
            cold: vec![],
            drift: 1.0,
            code: None,
            mca: vec![],
            seed: 0,
            number: 0,
        };
        Example::new(&row).expect("is read")
    };
    times.iter().enumerate().map(example).collect()
}

/// Says what it is told.
struct Told(Vec<Estimate>);

impl Predictor for Told {
    fn name(&self) -> &str {
        "told"
    }

    fn predict(&mut self, _: &[Example]) -> Result<Vec<Estimate>, Error> {
        Ok(self.0.clone())
    }
}

fn told(tests: &[Example], of: impl Fn(&Example) -> Estimate) -> Report {
    report(&mut [Box::new(Told(tests.iter().map(of).collect()))], tests).expect("is judged")
}

fn seconds(tests: &[Example], seconds: &[f64]) -> Report {
    let estimates = seconds.iter().map(|seconds| Estimate::of(*seconds)).collect();
    report(&mut [Box::new(Told(estimates))], tests).expect("is judged")
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("is defined");
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// Made-up times of four families with two sizes each and up to nine candidates.
fn many() -> Vec<Example> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut all = vec![];
    for operation in ["relu", "exp", "tanh", "gelu"] {
        for size in [64, 1024] {
            let times: Vec<f64> = (0..random.usize(4..10)).map(|_| 1e-6 * (1.0 + random.f64())).collect();
            all.extend(candidates(operation, size, &times));
        }
    }
    all
}

#[test]
fn figures_are_those_of_a_small_case() {
    let tests = [candidates("relu", 8, &[1.0, 2.0, 4.0, 8.0]), candidates("exp", 8, &[3.0, 3.0, 3.0, 6.0])].concat();
    let report = seconds(&tests, &[2.0, 1.0, 4.0, 6.0, 3.0, 6.0, 3.0, 3.0]);
    // 1 + 1/2 + 0 + 1/4 + 0 + 1 + 0 + 1/2 over 8 kernels.
    close(report.value(&Measure::Mape), 3.25 / 8.0);
    // Five of six pairs; of three that are no ties one is wrong and two are predicted equal.
    close(report.value(&Measure::Pairwise), (5.0 + 0.0 + 0.5 + 0.5) / 9.0);
    assert_eq!(report.figure(&Measure::Pairwise).map(|figure| figure.count), Some(9));
    // The second is taken of relu; of exp one of three equal ones, of which one takes twice as long.
    close(report.value(&Measure::Regret), (2f64.ln() / 2.0 + 2f64.ln() / 6.0).exp());
    close(report.value(&Measure::RegretWorst), 2.0);
    close(report.value(&Measure::Best5), 1.0);
    close(report.value(&Measure::RegretOf("elementwise")), (2f64.ln() * 2.0 / 3.0).exp());
    // Predicted ranks 2 1 6 7.5 4 7.5 4 4, measured ones 1 2 6 8 4 4 4 7.
    let spearman =
        crate::transfer::spearman(&[2.0, 1.0, 6.0, 7.5, 4.0, 7.5, 4.0, 4.0], &[1.0, 2.0, 6.0, 8.0, 4.0, 4.0, 4.0, 7.0]);
    close(report.value(&Measure::Spearman), spearman.expect("is defined"));
    assert_eq!(report.value(&Measure::Coverage), None);
    assert_eq!((report.kernels, report.families, report.fits), (8, 2, 1));
}

#[test]
fn figures_of_intervals_and_code() {
    let mut tests = candidates("relu", 8, &[1.0, 2.0, 4.0, 8.0, 5.0]);
    for (example, (registers, spills)) in tests.iter_mut().zip([(4, 0), (8, 3), (12, 0), (24, 1)]) {
        example.code = Some(Code { registers, spills, instructions: 7, code_bytes: 28 });
    }
    let report = told(&tests, |example| Estimate {
        interval: (example.seconds < 5.0).then_some((1.5, 4.0)),
        registers: Some(10.0),
        spills: Some(if example.seconds > 1.5 { 1.0 } else { 0.4 }),
        instructions: Some(8.0),
        ..Estimate::of(1.0)
    });
    // One of three intervals begins too high; two kernels have none.
    close(report.value(&Measure::Coverage), 2.0 / 3.0);
    close(report.value(&Measure::Registers), ((36.0 + 4.0 + 4.0 + 196.0) / 4f64).sqrt() / 20.0);
    // All have as many instructions: there is no range.
    assert_eq!(report.value(&Measure::Instructions), None);
    // Three are predicted, two of them right, and there are two.
    close(report.value(&Measure::Spills), 2.0 * 2.0 / 5.0);
}

#[test]
fn measurements_that_noise_cannot_tell_apart_are_ties() {
    let mut tests = candidates("relu", 8, &[1.0, 1.1, 2.0]);
    tests.iter_mut().for_each(|example| example.noise = 0.05);
    // 1.96 * sqrt(2) * 0.05 is 0.139, and ln 1.1 is 0.095.
    let report = seconds(&tests, &[2.0, 1.0, 3.0]);
    assert_eq!(report.figure(&Measure::Pairwise).map(|figure| (figure.count, figure.value)), Some((2, Some(1.0))));
    // Three candidates are too few to speak of a choice, but there is one.
    assert_eq!(report.value(&Measure::Regret), None);
    assert_eq!(report.choices.len(), 1);
    close(Some(report.choices[0].regret), 1.1);
}

#[test]
fn groups_are_of_one_program_device_and_number_of_threads() {
    let mut tests = [candidates("relu", 8, &[1.0, 2.0]), candidates("relu", 9, &[1.0])].concat();
    tests.extend(candidates("relu", 8, &[4.0, 3.0, 2.0]));
    tests[4].threads = 2;
    tests[5].device = "cpu-1".into();
    let groups = groups(&tests);
    let members: Vec<&[usize]> = groups.iter().map(|group| &*group.members).collect();
    assert_eq!(members, [&[0, 1, 3][..], &[2], &[4], &[5]]);
    assert_eq!((groups[0].class, groups[2].threads, &*groups[3].device), ("elementwise", 2, "cpu-1"));
}

#[test]
fn a_perfect_predictor_is_perfect_and_a_reversed_one_the_worst() {
    let tests = many();
    let perfect = told(&tests, |example| Estimate::of(example.seconds));
    let reversed = told(&tests, |example| Estimate::of(1.0 / example.seconds));
    for (measure, best, worst) in
        [(Measure::Pairwise, 1.0, 0.0), (Measure::Spearman, 1.0, -1.0), (Measure::Regret, 1.0, f64::NAN)]
    {
        close(perfect.value(&measure), best);
        if worst.is_finite() {
            close(reversed.value(&measure), worst);
        }
    }
    close(perfect.value(&Measure::Mape), 0.0);
    assert!(perfect.choices.iter().all(|choice| choice.regret == 1.0 && choice.taken == choice.best));
    let slowest = |group: &Group| group.members.iter().map(|&at| tests[at].seconds).fold(0.0, f64::max);
    assert!(reversed.choices.iter().all(|choice| tests[choice.taken].seconds == slowest(&choice.group)));
    assert!(reversed.choices.is_sorted_by(|a, b| a.regret >= b.regret));
}

#[test]
fn regret_is_at_least_one_and_more_measuring_never_takes_longer() {
    let tests = many();
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..50 {
        // Whole numbers, so that there are equal ones.
        let times: Vec<f64> = tests.iter().map(|_| f64::from(random.u32(1..6))).collect();
        let report = seconds(&tests, &times);
        let value = |measure| report.value(&measure).expect("is defined");
        let (regret, best) = (value(Measure::Regret), value(Measure::Best5));
        assert!(1.0 <= best && best <= regret && regret <= value(Measure::RegretWorst), "{best} {regret}");
        assert!((0.0..=1.0).contains(&value(Measure::Pairwise)));
        let (low, high) = report.figure(&Measure::Regret).and_then(|figure| figure.over_families).expect("is defined");
        assert!(1.0 <= low && low <= high, "{low} {high}");
    }
}

#[test]
fn five_fits_have_an_interval_over_seeds() {
    let tests = many();
    let fit = |seed: u32| -> Box<dyn Predictor> {
        let far = 1.0 + 0.1 * f64::from(seed);
        Box::new(Told(tests.iter().map(|example| Estimate::of(example.seconds * far)).collect()))
    };
    let mut fits: Vec<Box<dyn Predictor>> = (1..=5).map(fit).collect();
    let report = report(&mut fits, &tests).expect("is judged");
    let figure = report.figure(&Measure::Mape).expect("is there");
    close(figure.value, 0.3);
    // 2.776 * sqrt(0.025 / 5)
    assert!((figure.over_seeds.expect("is there") - 0.19629).abs() < 1e-4, "{figure:?}");
    assert_eq!(report.fits, 5);
    assert!(figure.over_families.is_some());
}

#[test]
fn nothing_to_test_gives_no_figures() {
    let report = seconds(&[], &[]);
    assert!(report.figures.iter().all(|figure| figure.value.is_none() && figure.over_families.is_none()));
    assert_eq!(report.line(), "eval-cost mape=- pairwise=- regret=- best5=- coverage=- queries_per_s=-");
    let one = seconds(&candidates("relu", 8, &[1.0]), &[f64::MAX]);
    for text in [Table(&[report]).to_string(), Table(&[one]).to_string()] {
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
    assert_eq!(Table(&[]).to_string(), "");
}

#[test]
fn estimates_that_are_none_are_refused() {
    let tests = candidates("relu", 8, &[1.0, 2.0]);
    let error = |estimates: Vec<Estimate>| report(&mut [Box::new(Told(estimates))], &tests).expect_err("is refused");
    assert_eq!(error(vec![]).to_string(), "told gives 0 estimates for 2 kernels");
    let backwards = Estimate { interval: Some((2.0, 1.0)), ..Estimate::of(1.0) };
    let many = Estimate { spills: Some(f64::INFINITY), ..Estimate::of(1.0) };
    for (first, what) in [
        (Estimate::of(f64::NAN), "NaN seconds"),
        (Estimate::of(0.0), "0 seconds"),
        (backwards, "from 2 to 1 seconds"),
        (many, "inf spills"),
    ] {
        let expected = format!("told gives 2 estimates that are none, first for kernel 0: {what}");
        assert_eq!(error(vec![first, first]).to_string(), expected);
    }
    assert_eq!(report(&mut [], &tests), Err(Error::NoFit));
}

#[test]
fn tables_have_predictors_beside_each_other() {
    let tests = many();
    let mut reports =
        [told(&tests, |_| Estimate::of(1e-6)), told(&tests, |example| Estimate::of(example.seconds * 1.25))];
    reports[1].queries_per_second = Some(1234.5);
    let text = Table(&reports).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("| measure") && lines[0].ends_with(" told |"), "{text}");
    assert!(
        lines.iter().any(|line| line.starts_with("| mape ") && line.contains("0.250 (0.250 to 0.250) |")),
        "{text}"
    );
    assert!(lines.iter().any(|line| line.starts_with("| regret elementwise ")), "{text}");
    let last = "eval-cost mape=0.2500 pairwise=1.0000 regret=1.0000 best5=1.0000 coverage=- queries_per_s=1234";
    assert_eq!(lines.last(), Some(&last));
    let mut widths = lines.iter().take_while(|line| line.starts_with('|')).map(|line| line.chars().count());
    let first = widths.next();
    assert!(widths.all(|width| Some(width) == first), "{text}");
    assert_eq!(text, Table(&reports).to_string());
}

#[test]
fn learned_models_are_judged_as_others_are() {
    let tests = many();
    let operations = ["sqrt", "abs", "neg", "erf", "sigmoid", "log", "sin", "cos", "relu", "exp", "tanh", "gelu"];
    let all: Vec<Example> = operations.iter().flat_map(|operation| candidates(operation, 8, &[1e-6, 2e-6])).collect();
    let options = Training { epochs: 1, calibration: 0.5, ..Training::default() };
    let model = train(&all, &options, &mut |_| ControlFlow::Continue(())).expect("is learned");
    let units: Vec<Unit> = tests.iter().map(|example| example.unit.clone()).collect();
    let mut screen = Screen(model.clone());
    let estimates = screen.predict(&tests).expect("predicts");
    assert_eq!(estimates.iter().map(|estimate| estimate.seconds).collect::<Vec<f64>>(), model.screen(&units));
    assert!(report(&mut [Box::new(screen)], &tests).is_ok());
    let mca = [2.0; PROCESSORS.len()];
    let code = CodeEstimate { registers: 4.0, spills: 2.0, instructions: 30.0, code_bytes: 120.0, mca };
    let prediction = Prediction { seconds: 2.0, low: 1.0, high: 3.0, apart: 1.1, code, outside: None };
    let expected = Estimate {
        seconds: 2.0,
        interval: Some((1.0, 3.0)),
        registers: Some(4.0),
        spills: Some(2.0),
        instructions: Some(30.0),
        code_bytes: Some(120.0),
        mca: Some(mca),
    };
    assert_eq!(Estimate::from(&prediction), expected);
}
