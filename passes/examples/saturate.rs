//! Saturates the graph of a file with the compiler's rules: `saturate FILE.mlir [MOST_NODES]` tells how the e-graph grows
//! by iteration and by rule.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use hwc_passes::codegen::ir;
use hwc_passes::egraph::facts::Graph;
use hwc_passes::egraph::module::Part;
use hwc_passes::egraph::rules::builtin;
use hwc_passes::egraph::saturate::{Limits, saturate};
use melior::ir::Module;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, most) = match &arguments[..] {
        [path] => (path, None),
        [path, most] => (path, Some(most.parse()?)),
        _ => return Err("usage: saturate FILE.mlir [MOST_NODES]".into()),
    };
    let context = hwc_passes::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let module = Module::parse(&context, &std::fs::read_to_string(path)?).ok_or("the file does not parse")?;
    let rules = builtin();
    for function in ir::functions(ir::module_op(&module)) {
        let Some(block) = ir::entry(function) else { continue };
        let mut graph = Graph::default();
        Part::whole(block).import(&mut graph)?;
        println!("{} e-nodes of the graph's own, {} rules", graph.total_number_of_nodes(), rules.len());
        let limits = Limits { nodes: most.unwrap_or(Limits::default().nodes), ..Limits::default() };
        let start = Instant::now();
        let saturation = saturate(&mut graph, rules, &limits);
        let time = start.elapsed();
        for (number, iteration) in saturation.iterations.iter().enumerate() {
            println!("iteration {}: {} e-nodes, {} e-classes", number + 1, iteration.nodes, iteration.classes);
        }
        let mut by_rule: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (rule, matches, unions) in saturation.iterations.iter().flat_map(|iteration| &iteration.rules) {
            let entry = by_rule.entry(*rule).or_default();
            *entry = (entry.0 + matches, entry.1 + unions);
        }
        let mut made: BTreeMap<u32, usize> = BTreeMap::new();
        graph
            .analysis
            .origins
            .iter()
            .filter_map(|origin| origin.rule)
            .for_each(|rule| *made.entry(rule).or_default() += 1);
        let mut rows: Vec<_> = by_rule.into_iter().collect();
        rows.sort_by_key(|(rule, _)| std::cmp::Reverse(made.get(rule).copied().unwrap_or(0)));
        for (rule, (matches, unions)) in rows {
            let made = made.get(&rule).copied().unwrap_or(0);
            println!("{made:6} e-nodes {matches:6} matches {unions:6} unions  {}", rules[rule as usize].name);
        }
        println!("{:?} in {time:?}", saturation.stop);
        for conflict in &graph.analysis.conflicts {
            let rule = conflict.rule.map_or("the graph", |rule| &rules[rule as usize].name);
            println!("conflict: {rule} {}", conflict.message);
        }
    }
    Ok(())
}
