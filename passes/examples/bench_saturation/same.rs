//! Whether two e-graphs say the same.

use std::collections::HashMap;

use egg::{Id, Language};
use hwc_passes::egraph::facts::Graph;
use hwc_passes::egraph::language::{Kind, Node};

/// What tells two e-graphs apart that were filled from the same graph, whose e-nodes have the same ids in both: nothing
/// where an e-class of one has the same e-nodes as one e-class of the other, and no two have the same.
pub fn difference(a: &Graph, b: &mut Graph, common: usize) -> Option<String> {
    let counts = |graph: &Graph| (graph.total_number_of_nodes(), graph.number_of_classes());
    if counts(a) != counts(b) {
        return Some(format!("{:?} e-nodes and e-classes, and {:?}", counts(a), counts(b)));
    }
    // From e-classes of one to those of the other.
    let mut to: HashMap<Id, Id> = HashMap::new();
    for id in (0..common).map(Id::from) {
        let (here, there) = (a.find(id), b.find(id));
        if *to.entry(here).or_insert(there) != there {
            return Some(format!("the e-class of {id} is several in the other"));
        }
    }
    let mut waiting: Vec<(Id, &Node)> =
        a.classes().flat_map(|class| class.nodes.iter().map(|node| (class.id, node))).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut wrong = None;
        waiting.retain(|(id, node)| {
            if !node.operands.iter().all(|operand| to.contains_key(&a.find(*operand))) {
                return true;
            }
            let translated = translated(a, b, node).map_children(|operand| to[&a.find(operand)]);
            let there = b.lookup(translated).map(|id| b.find(id));
            if there.is_none_or(|there| *to.entry(*id).or_insert(there) != there) {
                wrong = Some(format!("{node:?} of {id} is elsewhere or nowhere"));
            }
            false
        });
        if wrong.is_none() && waiting.len() == before {
            wrong = Some(format!("{before} e-nodes are made of each other"));
        }
        if wrong.is_some() {
            return wrong;
        }
    }
    let mut images: Vec<Id> = to.values().copied().collect();
    images.sort_unstable();
    images.dedup();
    (images.len() != b.number_of_classes()).then(|| "several e-classes are one in the other".to_string())
}

/// An e-node with the numbers that the other e-graph has for its attributes or its constant.
fn translated(from: &Graph, to: &mut Graph, node: &Node) -> Node {
    let (from, to) = (&from.analysis.tables, &mut to.analysis.tables);
    let kind = match node.kind {
        Kind::Op(op, attrs) => to.attrs(op, from.attrs_of(attrs)).map_or(node.kind, |attrs| Kind::Op(op, attrs)),
        Kind::Constant(number) => Kind::Constant(to.constant(from.constant_of(number))),
        same => same,
    };
    Node { kind, operands: node.operands.clone() }
}
