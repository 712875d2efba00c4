//! `hwc-opt tune adapt`.

use std::io::{IsTerminal, Write};

use hwc::tune::{self, Adapted, Adapting};
use hwc_runtime::atomic_file;
use indicatif::ProgressBar;

use super::train;
use crate::cli::Adapt;
use crate::failure::{self, Failure};
use crate::measure::measurer;

pub fn adapt(arguments: &Adapt) -> Result<(), Failure> {
    let model = train::open(&arguments.cost_model)?;
    let target = Some(arguments.mcpu.clone()).filter(|name| name != "host");
    let adapting = Adapting { samples: arguments.samples, seed: arguments.seed, target };
    let terminal = std::io::stderr().is_terminal();
    let bar = if terminal && !arguments.quiet { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let mut last = String::new();
    let told = |what: &str, done: u64, of: u64| {
        bar.set_length(of);
        bar.set_position(done);
        if !terminal && !arguments.quiet && last != what {
            last = what.into();
            // Whoever does not read it gets the model all the same.
            let _ = writeln!(std::io::stderr(), "{what}, {of} in all");
        }
    };
    let adapted = tune::adapt(&model, &adapting, &arguments.store, &mut measurer()?, told);
    bar.finish_and_clear();
    let Adapted { model, device, samples, failures, damaged } = adapted?;
    for what in damaged.iter().map(ToString::to_string).chain(failures) {
        // The others serve all the same.
        let _ = writeln!(std::io::stderr(), "hwc-opt: warning: {what}");
    }
    let path = &arguments.output;
    atomic_file::write(path, &model.to_bytes()).map_err(|error| Failure::file(path, &error))?;
    let error = |which: usize| {
        let errors = samples.iter().map(|sample| (sample[which] / sample[2] - 1.0).abs());
        errors.sum::<f64>() / samples.len() as f64
    };
    // What a kernel is expected to take by the others is judged, not by itself.
    let (count, before, after) = (samples.len(), error(0), error(1));
    failure::print(
        format!("adapt device={device} samples={count} mape_before={before:.4} mape={after:.4}\n").as_bytes(),
    )
}
