//! Predicts what kernels take by a cost model, or how fast that is.
//!
//! ```sh
//! cargo run --release -p hwc-cost-model --example predict -- cost.model FILE.mlir          # a line for each kernel
//! cargo run --release -p hwc-cost-model --example predict -- --time cost.model FILE.mlir   # queries a second
//! ```

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use hwc_cost_model::model::Model;
use hwc_cost_model::text::{Kind, Tokenizer, Unit};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let (flags, paths): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let done = match &paths[..] {
        [model, texts @ ..] if !texts.is_empty() => run(model, texts, flags.iter().any(|flag| flag == "--time")),
        _ => Err("usage: predict [--time] MODEL FILE.mlir...".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(model: &str, paths: &[String], is_timed: bool) -> Result<()> {
    let model = Model::open(model)?;
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let shown = if is_timed { time(&model, &text) } else { predict(&model, &text) };
        println!("{path}\n{}", shown.map_err(|error| format!("{path}: {error}"))?);
    }
    Ok(())
}

fn kernels(text: &str) -> Result<Vec<Unit>> {
    let mut units = Tokenizer::default().read(text)?;
    units.retain(|unit| unit.kind == Kind::Kernel);
    Ok(units)
}

fn predict(model: &Model, text: &str) -> Result<String> {
    let units = kernels(text)?;
    let lines = units.iter().zip(model.runner()?.predict(&units)?).map(|(unit, prediction)| {
        let (seconds, low, high) = (prediction.seconds * 1e6, prediction.low * 1e6, prediction.high * 1e6);
        let outside = prediction.outside.map_or(String::new(), |why| format!("; outside: {why}"));
        format!("  {}: {seconds:.2} us ({low:.2} to {high:.2}), {:?}{outside}", unit.name, prediction.code)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Seconds that a query takes at best of some rounds, which last a fifth of a second each.
fn best(queries: usize, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let (start, mut rounds) = (Instant::now(), 0);
        while start.elapsed().as_secs_f64() < 0.2 {
            run()?;
            rounds += 1;
        }
        best = best.min(start.elapsed().as_secs_f64() / (rounds * queries) as f64);
    }
    Ok(best)
}

fn time(model: &Model, text: &str) -> Result<String> {
    let units = kernels(text)?;
    if units.is_empty() {
        return Err("there is no kernel in it".into());
    }
    // As many as a choice of schedules asks about.
    let many: Vec<Unit> = units.iter().cycle().take(units.len().max(1024)).cloned().collect();
    let mut runner = model.runner()?;
    let tokens = best(units.len(), || {
        black_box(kernels(black_box(text))?);
        Ok(())
    })?;
    let screen = best(many.len(), || {
        black_box(model.screen(black_box(&many)));
        Ok(())
    })?;
    let network = best(many.len(), || {
        black_box(runner.predict(black_box(&many))?);
        Ok(())
    })?;
    let line = |name: &str, seconds: f64| format!("  {name}: {:.2} us, {:.0} a second", seconds * 1e6, 1.0 / seconds);
    let lines = [
        line("tokens", tokens),
        line("tier 0", screen),
        line("tier 1", network),
        line("tier 1 with tokens", tokens + network),
    ];
    Ok(lines.join("\n"))
}
