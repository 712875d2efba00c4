//! How good the baselines, and learned models, are on the families of a store that they have not seen.
//!
//! `cargo run --release -p hwc-cost-model --example evaluate -- STORE... [--model FILE]...`, where models differ in their
//! seed only and were learned from the other families.

use hwc_cost_model::dataset::{Example, Store, is_test};
use hwc_cost_model::eval::{BASELINES, Baseline, Learned, Predictor, Report, Screen, Table, report};
use hwc_cost_model::model::Model;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

const USAGE: &str = "usage: evaluate -- STORE... [--seeds 5] [--share 0.2] [--only BASELINE]... [--model FILE]...";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut stores, mut only, mut models, mut seeds, mut share) = (vec![], vec![], vec![], 5, 0.2);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seeds" => seeds = value()?.parse()?,
            "--share" => share = value()?.parse()?,
            "--only" => only.push(value()?),
            "--model" => models.push(Model::open(value()?)?),
            _ if argument.starts_with('-') => return Err(format!("unknown option {argument}\n{USAGE}").into()),
            // A store is made where there is none.
            _ if !Path::new(&argument).is_dir() => return Err(format!("{argument} is no folder\n{USAGE}").into()),
            _ => stores.push(argument),
        }
    }
    if stores.is_empty() || seeds == 0 {
        return Err(USAGE.into());
    }
    let (mut train, mut test) = (vec![], vec![]);
    for store in &stores {
        let contents = Store::open(store)?.read()?;
        contents.damaged.iter().for_each(|damage| eprintln!("{damage}"));
        for row in &contents.rows {
            let example = Example::new(row)?;
            if is_test(example.unit.family, share) { &mut test } else { &mut train }.push(example);
        }
    }
    eprintln!("{} kernels to learn from, {} to test", train.len(), test.len());
    let mut reports = vec![];
    let wanted = |baseline: &&Baseline| only.is_empty() || only.iter().any(|only| only == baseline.name);
    for baseline in BASELINES.iter().filter(wanted) {
        let start = Instant::now();
        let fits = baseline.fits(&train, 0..seeds)?;
        eprintln!("{}: {:.1} s to learn, each time", baseline.name, start.elapsed().as_secs_f64() / seeds as f64);
        reports.push(judge(fits, &test)?);
    }
    if !models.is_empty() {
        let screens = models.iter().map(|model| -> Box<dyn Predictor> { Box::new(Screen(model.clone())) });
        reports.push(judge(screens.collect(), &test)?);
        let learned = models.iter().map(|model| Ok(Box::new(Learned::new(model)?) as Box<dyn Predictor>));
        reports.push(judge(learned.collect::<Result<_, hwc_cost_model::model::Error>>()?, &test)?);
    }
    print!("{}", Table(&reports));
    Ok(())
}

/// The report, with how fast the first fit is.
fn judge(mut fits: Vec<Box<dyn Predictor>>, test: &[Example]) -> Result<Report, hwc_cost_model::eval::Error> {
    let mut report = report(&mut fits, test)?;
    if let Some(fit) = fits.first_mut().filter(|_| !test.is_empty()) {
        let start = Instant::now();
        fit.predict(test)?;
        report.queries_per_second = Some(test.len() as f64 / start.elapsed().as_secs_f64());
    }
    Ok(report)
}
