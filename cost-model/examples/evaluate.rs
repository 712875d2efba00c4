//! How good the baselines are on the families of a store that they have not seen.
//!
//! `cargo run --release -p hwc-cost-model --example evaluate -- STORE... [--seeds 5] [--share 0.2] [--only NAME]...`

use hwc_cost_model::dataset::{Example, Store, is_test};
use hwc_cost_model::eval::{BASELINES, Baseline, Table, report};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut stores, mut only, mut seeds, mut share) = (vec![], vec![], 5, 0.2);
    let usage = "usage: evaluate -- STORE... [--seeds 5] [--share 0.2] [--only NAME]...";
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seeds" => seeds = value()?.parse()?,
            "--share" => share = value()?.parse()?,
            "--only" => only.push(value()?),
            _ if argument.starts_with('-') => return Err(format!("unknown option {argument}\n{usage}").into()),
            // A store is made where there is none.
            _ if !Path::new(&argument).is_dir() => return Err(format!("{argument} is no folder\n{usage}").into()),
            _ => stores.push(argument),
        }
    }
    if stores.is_empty() || seeds == 0 {
        return Err(usage.into());
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
        let mut fits = (0..seeds).map(|seed| baseline.fit(&train, seed)).collect::<Result<Vec<_>, _>>()?;
        eprintln!("{}: {:.1} s to learn, each time", baseline.name, start.elapsed().as_secs_f64() / seeds as f64);
        let mut report = report(&mut fits, &test)?;
        if let Some(fit) = fits.first_mut().filter(|_| !test.is_empty()) {
            let start = Instant::now();
            fit.predict(&test)?;
            report.queries_per_second = Some(test.len() as f64 / start.elapsed().as_secs_f64());
        }
        reports.push(report);
    }
    print!("{}", Table(&reports));
    Ok(())
}
