//! Times saturation beside egg's own `Runner` on the same rules, to the same fix-point:
//! `bench_saturation layer|decoder|FILE.onnx [--whole] [--seconds S] [NAME=N...]`
//!
//! A graph is saturated by parts, as when it is compiled, each of those that differ once; with `--whole` as one e-graph.
//! The answer is a line of JSON. Seconds are those that the thread has run.

mod graphs;
mod same;
mod stock;

use std::error::Error;
use std::path::Path;

use hwc_dialects::onnx::{import, load_path};
use hwc_passes::codegen::ir;
use hwc_passes::egraph::facts::Graph;
use hwc_passes::egraph::module::Part;
use hwc_passes::egraph::rules::{Class, Rule, builtin};
use hwc_passes::egraph::saturate::{Limits, Stop, saturate};
use hwc_passes::optimize::parts;
use melior::Context;
use melior::ir::Module;
use serde::Serialize;

/// Layers of the decoder.
const LAYERS: usize = 24;
/// None of them is met.
const LIMITS: Limits = Limits { iterations: u32::MAX, nodes: usize::MAX, matches: usize::MAX, together: u32::MAX };
const REPETITIONS: usize = 7;

#[derive(Serialize)]
struct Answer {
    /// Parts that differ, and how many there are in all.
    parts: usize,
    occurrences: usize,
    /// Of the parts that differ: e-nodes before, e-nodes and e-classes after.
    own: usize,
    nodes: usize,
    classes: usize,
    iterations: usize,
    rules: usize,
    /// Rules whose left side is egg's pattern.
    patterns: usize,
    /// Seconds from the module to the last part's fix-point, of each repetition: cutting, import and saturation.
    all: Vec<f64>,
    /// Seconds of saturation alone, of each repetition.
    ours: Vec<f64>,
    stock: Vec<f64>,
    /// How the fix-points differ.
    different: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut graph, mut whole, mut seconds, mut dims) = (None, false, 0.25, vec![]);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (argument.as_str(), argument.split_once('=')) {
            ("--whole", _) => whole = true,
            ("--seconds", _) => seconds = rest.next().ok_or("--seconds needs a number")?.parse()?,
            (_, Some((name, size))) => dims.push((name.to_string(), size.parse()?)),
            (name, None) => graph = Some(name),
        }
    }
    let graph = graph.ok_or("usage: bench_saturation layer|decoder|FILE.onnx [--whole] [--seconds S] [NAME=N...]")?;
    let context = hwc_passes::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let module = module(&context, graph, dims)?;
    println!("{}", serde_json::to_string(&answer(&module, whole, seconds)?)?);
    Ok(())
}

fn module<'c>(context: &'c Context, graph: &str, dims: Vec<(String, usize)>) -> Result<Module<'c>, Box<dyn Error>> {
    let text = match graph {
        "layer" => graphs::with_weights(include_str!("../../src/egraph/rules/families/layer.mlir")),
        "decoder" => graphs::decoder(LAYERS),
        file => {
            let options = import::Options { dims, values: vec![] };
            let imported = import::import(&load_path(Path::new(file))?, &options).map_err(|e| e.to_string())?;
            let module = import::emit::emit(&imported.program, context).map_err(|e| e.to_string())?;
            hwc_passes::graph::fold_constants(context, ir::module_op(&module))?;
            return Ok(module);
        }
    };
    Module::parse(context, &text).ok_or_else(|| "the generated graph does not parse".into())
}

/// The parts of a graph that differ, and how many there are in all.
fn differing<'c>(block: ir::Blk<'c>, whole: bool) -> Result<(Vec<Part<'c>>, usize), Box<dyn Error>> {
    if whole {
        return Ok((vec![Part::whole(block)], 1));
    }
    let all = parts::parts(block);
    let numbers = parts::numbers(&all)?;
    let occurrences = all.len();
    let mut parts: Vec<Part> = vec![];
    for (part, number) in all.into_iter().zip(numbers) {
        if number == parts.len() {
            parts.push(part);
        }
    }
    Ok((parts, occurrences))
}

fn imported(parts: &[Part]) -> Result<Vec<Graph>, Box<dyn Error>> {
    let graph = |part: &Part| {
        let mut graph = Graph::default();
        part.import(&mut graph)?;
        Ok(graph)
    };
    parts.iter().map(graph).collect()
}

fn answer(module: &Module, whole: bool, seconds: f64) -> Result<Answer, Box<dyn Error>> {
    let function = ir::functions(ir::module_op(module)).first().copied().ok_or("no function")?;
    let block = ir::entry(function).ok_or("the function has no body")?;
    let rules: Vec<Rule> = builtin().iter().filter(|rule| rule.class != Class::Approximate).cloned().collect();
    let (parts, occurrences) = differing(block, whole)?;
    let mut answer = Answer {
        parts: parts.len(),
        occurrences,
        own: 0,
        nodes: 0,
        classes: 0,
        iterations: 0,
        rules: rules.len(),
        patterns: 0,
        all: vec![],
        ours: vec![],
        stock: vec![],
        different: None,
    };
    let before = processor_seconds();
    for (mut ours, mut theirs) in imported(&parts)?.into_iter().zip(imported(&parts)?) {
        let common = ours.nodes().len();
        answer.own += ours.total_number_of_nodes();
        let saturation = saturate(&mut ours, &rules, &LIMITS);
        let stock = stock::rules(&mut theirs, &rules);
        let (mut theirs, saturated, _) = stock::saturate(theirs, &stock);
        answer.nodes += ours.total_number_of_nodes();
        answer.classes += ours.number_of_classes();
        answer.iterations += saturation.iterations.len();
        answer.patterns = stock.patterns;
        let different = match saturated && saturation.stop == Stop::Saturated {
            true => same::difference(&ours, &mut theirs, common),
            false => Some("no fix-point".into()),
        };
        answer.different = answer.different.or(different);
    }
    // The thread's time counts in steps of up to 4 ms, so that several runs are timed together.
    let runs = (4.0 * seconds / (processor_seconds() - before).max(1e-3)).ceil() as usize;
    for _ in 0..REPETITIONS {
        answer.all.push(timed(runs, vec![(); runs], |()| -> Result<(), Box<dyn Error>> {
            let (parts, _) = differing(block, whole)?;
            imported(&parts)?.iter_mut().for_each(|graph| drop(saturate(graph, &rules, &LIMITS)));
            Ok(())
        })?);
        let graphs = (0..runs).map(|_| imported(&parts)).collect::<Result<Vec<_>, _>>()?;
        answer.ours.push(timed(runs, graphs, |mut graphs| {
            graphs.iter_mut().for_each(|graph| drop(saturate(graph, &rules, &LIMITS)));
            Ok(graphs)
        })?);
        let mut graphs = vec![];
        for run in (0..runs).map(|_| imported(&parts)) {
            let with_rules = |mut graph| {
                let rules = stock::rules(&mut graph, &rules);
                (graph, rules)
            };
            graphs.push(run?.into_iter().map(with_rules).collect::<Vec<_>>());
        }
        answer.stock.push(timed(runs, graphs, |graphs| {
            Ok(graphs.into_iter().map(|(graph, rules)| (stock::saturate(graph, &rules), rules)).collect::<Vec<_>>())
        })?);
    }
    Ok(answer)
}

/// Seconds of one of several runs, without what it takes to free what they leave.
fn timed<T, R>(runs: usize, of: Vec<T>, run: impl Fn(T) -> Result<R, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let before = processor_seconds();
    let left = of.into_iter().map(run).collect::<Result<Vec<_>, _>>()?;
    let seconds = processor_seconds() - before;
    drop(left);
    Ok(seconds / runs as f64)
}

/// Seconds this thread has run: unlike the clock, not disturbed by other work on the machine.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) * 1e-9
}
