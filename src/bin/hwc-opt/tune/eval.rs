//! `hwc-opt tune eval`.

use std::io::Write;
use std::time::Instant;

use hwc_cost_model::dataset::{Row, Store, TESTED, is_test};
use hwc_cost_model::eval::{BASELINES, Choice, Learned, Predictor, Report, Screen, Table, adapted, report};
use hwc_cost_model::model::{Error, Model};

use super::examples::Examples;
use super::train;
use crate::cli::Eval;
use crate::failure::{self, Failure};

/// Kernels whose predictions are timed, with their tokens.
const TIMED: usize = 4096;

pub fn eval(arguments: &Eval) -> Result<(), Failure> {
    let examples = Examples::read(&arguments.stores)?;
    if examples.tested.is_empty() {
        let why = "no measured kernel is of a family to test; `hwc-opt tune collect --families tested` measures some";
        return Err(Failure::input("tune eval", why));
    }
    let mut reports = vec![];
    for baseline in BASELINES.iter().filter(|_| !arguments.no_baselines) {
        if !arguments.quiet {
            // Whoever does not read it gets the table all the same.
            let _ = writeln!(std::io::stderr(), "learning {}, {} times", baseline.name, arguments.seeds);
        }
        let fits = baseline.fits(&examples.learned, 0..arguments.seeds);
        let fits = fits.map_err(|error| Failure::input("tune eval", error))?;
        reports.push(judge(fits, &examples)?);
    }
    let models: Vec<Model> = if arguments.cost_models.is_empty() {
        let seeds = arguments.how.seed..arguments.how.seed + arguments.seeds;
        seeds
            .map(|seed| train::model(&examples.learned, &arguments.how, seed, arguments.quiet))
            .collect::<Result<_, _>>()?
    } else {
        arguments.cost_models.iter().map(|path| train::open(path)).collect::<Result<_, _>>()?
    };
    let screens = models.iter().map(|model| -> Box<dyn Predictor> { Box::new(Screen(model.clone())) });
    reports.push(judge(screens.collect(), &examples)?);
    let mut last = judge(fits(&models, "learned")?, &examples)?;
    if let Some(samples) = arguments.adapt {
        reports.push(last);
        let adapt = |(model, seed)| adapted(model, &examples.learned, &examples.tested, samples.get(), seed);
        let models =
            models.iter().zip(arguments.how.seed..).map(adapt).collect::<Result<Vec<_>, _>>().map_err(failure)?;
        last = judge(fits(&models, &format!("adapted by {samples}"))?, &examples)?;
    }
    if let Some(model) = models.first() {
        last.queries_per_second = Some(speed(model, &arguments.stores)?);
    }
    let unlike = models
        .first()
        .map_or(0, |model| examples.tested.iter().filter(|example| model.outside(&example.unit).is_some()).count());
    let worst: String = last.choices.iter().take(arguments.worst).map(|choice| told(choice, &examples)).collect();
    reports.push(last);
    let outside = format!(
        "outside of what the model knows, and judged all the same: {unlike} of {} kernels\n",
        examples.tested.len()
    );
    failure::print(format!("{worst}{outside}{}", Table(&reports)).as_bytes())
}

/// Tier 1 of models.
fn fits(models: &[Model], name: &str) -> Result<Vec<Box<dyn Predictor>>, Failure> {
    let fit = |model| Ok(Box::new(Learned::named(model, name)?) as Box<dyn Predictor>);
    models.iter().map(fit).collect::<Result<_, _>>().map_err(failure)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Examples(_) => Failure::input("tune eval", error),
        _ => Failure::environment("tune eval", error),
    }
}

/// A choice in a line.
fn told(choice: &Choice, examples: &Examples) -> String {
    let (taken, best) = (&examples.tested[choice.taken], &examples.tested[choice.best]);
    format!(
        "regret={:.3} class={} kernel={} threads={} candidates={} taken_us={:.2} best_us={:.2}\n",
        choice.regret,
        choice.group.class,
        taken.unit.name,
        choice.group.threads,
        choice.group.members.len(),
        taken.seconds * 1e6,
        best.seconds * 1e6,
    )
}

fn judge(mut fits: Vec<Box<dyn Predictor>>, examples: &Examples) -> Result<Report, Failure> {
    report(&mut fits, &examples.tested).map_err(|error| Failure::input("tune eval", error))
}

/// Kernels a second by tier 1 on one core, from their texts.
fn speed(model: &Model, stores: &[std::path::PathBuf]) -> Result<f64, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::environment("tune eval", error);
    let mut rows: Vec<Row> = vec![];
    for store in stores {
        rows.extend(Store::open(store).and_then(|store| store.read()).map_err(|error| failed(&error))?.rows);
    }
    rows.retain(|row| row.unit().is_ok_and(|unit| is_test(unit.family, TESTED)));
    rows.truncate(TIMED);
    let mut runner = model.runner().map_err(|error| failed(&error))?;
    let mut predict = |rows: &[Row]| {
        let units: Vec<_> = rows.iter().filter_map(|row| row.unit().ok()).collect();
        runner.predict(&units).map(drop).map_err(|error| failed(&error))
    };
    // The first batches find their memory.
    predict(&rows[..rows.len().min(128)])?;
    let started = Instant::now();
    predict(&rows)?;
    Ok(rows.len() as f64 / started.elapsed().as_secs_f64().max(1e-9))
}
