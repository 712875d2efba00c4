//! The e-graphs of a choice for other tools: as the JSON of `egraph-serialize`, which extraction benchmarks read, and as
//! DOT.
//!
//! The e-graphs of all parts stand beside each other. An e-node costs what the kernel of its operation alone is expected
//! to take in all occurrences of its part, in seconds and in the order of axes that suits it; inputs, what is computed when
//! the model is compiled, and what no plan needs cost nothing. Neither kernels of several operations nor relayouts are
//! e-nodes, so a plan of these costs is one without fusion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use egg::Id;
use hwc_dialects::TensorType;
use hwc_dialects::attrs::Attr;
use serde::{Serialize, Serializer};

use super::Optimized;
use super::fusion::types;
use super::space::Way;
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};

/// E-graphs with names for what is in them. Serialized, they are in the format of `egraph-serialize`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EGraph {
    /// By class.
    nodes: Entries<Written>,
    root_eclasses: Vec<String>,
    class_data: Entries<Class>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Written {
    op: String,
    /// The first e-node of each operand's class.
    children: Vec<String>,
    eclass: String,
    cost: f64,
    /// Whether the plan computes its class by it.
    #[serde(skip)]
    chosen: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Class {
    #[serde(rename = "type")]
    types: String,
}

/// What has a name, in an order of its own.
#[derive(Clone, Debug, PartialEq)]
struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Entries(vec![])
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl EGraph {
    pub fn new(parts: &[Optimized]) -> EGraph {
        let mut written = EGraph::default();
        for (number, part) in parts.iter().enumerate() {
            written.add(number, part);
        }
        written
    }

    fn add(&mut self, number: usize, part: &Optimized) {
        let Optimized { graph, space, .. } = part;
        let name = |id: Id| format!("{number}.{}", graph.find(id));
        let class_of = |place: usize| space.places[place].id;
        let chosen: BTreeSet<_> =
            part.chosen().flat_map(|(place, chosen)| nodes(class_of(place), &chosen.way)).collect();
        let alone = alone(part);
        let mut classes: Vec<_> = graph.classes().collect();
        classes.sort_unstable_by_key(|class| class.id);
        for class in classes {
            for (place, node) in class.nodes.iter().enumerate() {
                let node = Written {
                    op: operator(graph, class.id, node),
                    children: node.operands.iter().map(|id| format!("{}.0", name(*id))).collect(),
                    eclass: name(class.id),
                    cost: alone.get(&(class.id, place)).copied().unwrap_or(0.0) * part.times as f64,
                    chosen: chosen.contains(&(class.id, place)),
                };
                self.nodes.0.push((format!("{}.{place}", name(class.id)), node));
            }
            let types: Vec<String> = types(graph, class.id).iter().map(TensorType::to_string).collect();
            self.class_data.0.push((name(class.id), Class { types: types.join(", ") }));
        }
        let roots: BTreeSet<Id> = space.roots.iter().map(|root| class_of(*root as usize)).collect();
        self.root_eclasses.extend(roots.into_iter().map(name));
    }

    /// As a graph of graphviz: a dashed frame for each e-class, thick for roots, and thick boxes for what was chosen.
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph egraph {\n  compound=true\n  node [shape=box, style=rounded]\n");
        let mut nodes = self.nodes.0.iter().peekable();
        for (class, Class { types }) in &self.class_data.0 {
            let width = if self.root_eclasses.contains(class) { 2 } else { 1 };
            let label = if types.is_empty() { class.clone() } else { format!("{class}: {types}") };
            let _ = writeln!(text, "  subgraph {} {{", quoted(&format!("cluster_{class}")));
            let _ = writeln!(text, "    label={}; style=dashed; penwidth={width}", quoted(&label));
            while let Some((name, node)) = nodes.next_if(|(_, node)| node.eclass == *class) {
                let width = if node.chosen { 2 } else { 1 };
                let label = match node.cost {
                    0.0 => node.op.clone(),
                    cost => format!("{}\n{:.1} us", node.op, cost * 1e6),
                };
                let _ = writeln!(text, "    {} [label={}, penwidth={width}]", quoted(name), quoted(&label));
            }
            text += "  }\n";
        }
        for (name, node) in &self.nodes.0 {
            for (number, child) in node.children.iter().enumerate() {
                let _ = write!(text, "  {} -> {} [", quoted(name), quoted(child));
                if node.children.len() > 1 {
                    let _ = write!(text, "taillabel={number}, ");
                }
                // An arrow cannot end at the frame that it begins in.
                if let Some((class, _)) = child.rsplit_once('.').filter(|(class, _)| *class != node.eclass) {
                    let _ = write!(text, "lhead={}", quoted(&format!("cluster_{class}")));
                }
                text += "]\n";
            }
        }
        text + "}\n"
    }
}

/// A string of DOT, in which a backslash begins an escape.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Seconds of e-nodes by themselves, in the order of axes that suits them, with the places in their classes.
fn alone(part: &Optimized) -> BTreeMap<(Id, usize), f64> {
    let mut seconds = BTreeMap::new();
    for (place, alternatives) in part.space.places.iter().zip(&part.space.alternatives) {
        for alternative in alternatives.iter().filter(|alternative| alternative.lossy.is_none()) {
            if let [node] = nodes(place.id, &alternative.way)[..] {
                let least = seconds.entry(node).or_insert(alternative.seconds);
                *least = least.min(alternative.seconds);
            }
        }
    }
    seconds
}

/// The e-nodes that compute an e-class this way.
fn nodes(id: Id, way: &Way) -> Vec<(Id, usize)> {
    match way {
        Way::Kernel(kernel) => kernel.members.iter().map(|(id, place)| (*id, *place)).collect(),
        Way::View(place) => vec![(id, *place)],
        Way::Input | Way::Weights | Way::Relayout => vec![],
    }
}

/// What an e-node is called: its operator with its attributes.
fn operator(graph: &Graph, id: Id, node: &Node) -> String {
    match (node.kind, graph[id].data.splat) {
        (Kind::Input(number), _) => format!("input #{number}"),
        (Kind::Constant(_), Some(value)) => format!("constant {value}"),
        (Kind::Constant(number), None) => format!("constant #{number}"),
        (Kind::Result(number), _) => format!("result #{number}"),
        (Kind::Absent, _) => "absent".into(),
        (Kind::Op(op, attrs), _) => {
            let attrs = graph.analysis.tables.attrs_of(attrs).iter();
            let attrs: String = attrs.map(|(name, attr)| format!(" {name}={}", text(attr))).collect();
            format!("{}{attrs}", op.info().mnemonic)
        }
    }
}

fn text(attr: &Attr) -> String {
    match attr {
        Attr::Int(value) => value.to_string(),
        Attr::Bool(value) => value.to_string(),
        Attr::Float(value) => value.to_string(),
        Attr::Str(value) => value.clone(),
        Attr::Type(value) => value.to_string(),
        Attr::Elements(value) => TensorType::of(value).to_string(),
        Attr::Ints(values) => format!("{values:?}"),
        Attr::Floats(values) => format!("{values:?}"),
        Attr::Strs(values) => format!("{values:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::chosen_of;
    use super::*;

    const TWO: &str = "func.func @main(%x: tensor<64x64xf32>, %y: tensor<64x8xf32>) -> tensor<64x8xf32> {
          %t = hwc.transpose %x {permutation = array<i64: 1, 0>} : (tensor<64x64xf32>) -> tensor<64x64xf32>
          %p = hwc.matmul %t, %y : (tensor<64x64xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
          %r = hwc.relu %p : (tensor<64x8xf32>) -> tensor<64x8xf32>
          return %r : tensor<64x8xf32> }";

    #[test]
    fn a_plan_of_what_is_written_is_one_without_fusion() {
        let optimization = chosen_of("exact twice: relu(x) => relu(relu(x))", TWO);
        let json = serde_json::to_vec(&EGraph::new(&optimization.parts)).unwrap();
        let file = hwc_extraction::parse(&json).unwrap();
        let graph = &optimization.parts[0].graph;
        assert_eq!(file.class_names.len(), graph.number_of_classes());
        assert_eq!(file.node_names.iter().map(Vec::len).sum::<usize>(), graph.total_number_of_nodes());
        let plan = hwc_extraction::solve(&file.problem, &hwc_extraction::Limits::default()).unwrap();
        let kernels: f64 = optimization.parts[0]
            .space
            .alternatives
            .iter()
            .flatten()
            .filter_map(|a| match &a.way {
                Way::Kernel(kernel) if kernel.members.len() == 1 => Some(kernel.seconds),
                _ => None,
            })
            .sum();
        assert!((plan.cost - kernels).abs() < 1e-12, "{} {kernels}", plan.cost);
        assert!(plan.cost > optimization.outcome.cost, "{} {}", plan.cost, optimization.outcome.cost);
    }

    #[test]
    fn strings_of_dot_hold_anything() {
        assert_eq!(quoted("a\"b\\n\n"), r#""a\"b\\n\n""#);
    }
}
