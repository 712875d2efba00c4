//! An order of nodes in which each comes after those that it reads from.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::proto::{GraphProto, NodeProto};

/// The order of some nodes, as places in their list.
#[derive(Debug, Default, PartialEq)]
pub struct Order {
    /// The nodes that can be ordered, as near to the order of the list as possible.
    pub sorted: Vec<usize>,
    /// The rest: those on a cycle, and those that depend on one.
    pub unsorted: Vec<usize>,
    /// Cycles without a node in common, each node reading from the one before it.
    pub cycles: Vec<Vec<usize>>,
}

/// Orders nodes. What the subgraphs of a node read from outside counts as read by the node.
pub fn order(nodes: &[NodeProto]) -> Order {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            producers.entry(output).or_insert(index);
        }
    }
    let mut reads: Vec<Vec<usize>> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut names = Vec::new();
        outer_reads(std::slice::from_ref(node), &HashSet::new(), &mut names);
        let mut from: Vec<usize> = names.iter().filter_map(|name| producers.get(name)).copied().collect();
        from.sort_unstable();
        from.dedup();
        reads.push(from);
    }
    let mut readers = vec![Vec::new(); nodes.len()];
    for (index, from) in reads.iter().enumerate() {
        from.iter().for_each(|&producer| readers[producer].push(index));
    }
    let mut waiting: Vec<usize> = reads.iter().map(Vec::len).collect();
    let mut ready: BinaryHeap<Reverse<usize>> = (0..nodes.len()).filter(|&i| waiting[i] == 0).map(Reverse).collect();
    let mut order = Order::default();
    while let Some(Reverse(index)) = ready.pop() {
        order.sorted.push(index);
        for &reader in &readers[index] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    if order.sorted.len() < nodes.len() {
        order.unsorted = (0..nodes.len()).filter(|&i| waiting[i] > 0).collect();
        order.cycles = cycles(&reads, &waiting);
    }
    order
}

/// Cycles among the nodes that still wait. Each waits for another one that waits, so that following those leads
/// into a cycle.
fn cycles(reads: &[Vec<usize>], waiting: &[usize]) -> Vec<Vec<usize>> {
    let mut cycles = Vec::new();
    let mut seen = vec![false; reads.len()];
    for start in (0..reads.len()).filter(|&i| waiting[i] > 0) {
        let mut path = Vec::new();
        let mut at = start;
        while !seen[at] {
            seen[at] = true;
            path.push(at);
            at = reads[at].iter().copied().find(|&from| waiting[from] > 0).unwrap_or(at);
        }
        // Where the walk ends in an earlier one, that one has found the cycle.
        if let Some(first) = path.iter().position(|&index| index == at) {
            // The walk goes from reader to producer; a cycle is shown the way the data flows.
            cycles.push(path[first..].iter().rev().copied().collect());
        }
    }
    cycles
}

/// Appends the names that `nodes` read and that neither they nor `known` define, subgraphs included.
fn outer_reads<'a>(nodes: &'a [NodeProto], known: &HashSet<&'a str>, names: &mut Vec<&'a str>) {
    for node in nodes {
        names.extend(node.input.iter().map(String::as_str).filter(|name| !name.is_empty() && !known.contains(name)));
        for attribute in &node.attribute {
            for graph in attribute.g.as_deref().into_iter().chain(&attribute.graphs) {
                let inner = inner_names(graph);
                let mut read = Vec::new();
                outer_reads(&graph.node, &inner, &mut read);
                let outputs = graph.output.iter().map(|output| output.name.as_str());
                read.extend(outputs.filter(|name| !inner.contains(name)));
                names.extend(read.into_iter().filter(|name| !known.contains(name)));
            }
        }
    }
}

/// The names that a graph defines.
fn inner_names(graph: &GraphProto) -> HashSet<&str> {
    let inputs = graph.input.iter().map(|input| input.name.as_str());
    let constants = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let sparse = graph.sparse_initializer.iter().filter_map(|t| t.values.as_deref()).map(|t| t.name.as_str());
    let outputs = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
    inputs.chain(constants).chain(sparse).chain(outputs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::{AttributeProto, ValueInfoProto};

    fn node(input: &[&str], output: &[&str]) -> NodeProto {
        let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        NodeProto { input: names(input), output: names(output), ..Default::default() }
    }

    #[test]
    fn sorted_nodes_stay_as_they_are() {
        let nodes = [node(&["x"], &["a"]), node(&["x"], &["b"]), node(&["a", "b"], &["c"])];
        assert_eq!(order(&nodes), Order { sorted: vec![0, 1, 2], ..Default::default() });
    }

    #[test]
    fn nodes_are_sorted() {
        let nodes = [node(&["b"], &["c"]), node(&["x"], &["z"]), node(&["a"], &["b"]), node(&["x"], &["a"])];
        assert_eq!(order(&nodes).sorted, [1, 3, 2, 0]);
    }

    #[test]
    fn subgraphs_read_for_their_node() {
        let output = |name: &str| ValueInfoProto { name: name.into(), ..Default::default() };
        let body = GraphProto {
            node: vec![node(&["late"], &["inner"]), node(&["inner", "shadow"], &["shadow"])],
            output: vec![output("inner"), output("later")],
            ..Default::default()
        };
        let mut branch = node(&["x"], &["y"]);
        branch.attribute.push(AttributeProto { g: Some(Box::new(body)), ..Default::default() });
        // `shadow` is defined in the body, so the node that is last here does not have to come before it.
        let nodes = [branch, node(&["x"], &["late"]), node(&["x"], &["later"]), node(&["y"], &["shadow"])];
        assert_eq!(order(&nodes), Order { sorted: vec![1, 2, 0, 3], ..Default::default() });
    }

    #[test]
    fn cycles_are_found() {
        let nodes = [
            node(&["x"], &["a"]),
            node(&["a", "d"], &["b"]),
            node(&["b"], &["c"]),
            node(&["c"], &["d"]),
            node(&["d"], &["e"]),
            node(&["f"], &["f"]),
        ];
        let order = order(&nodes);
        assert_eq!(order.sorted, [0]);
        assert_eq!(order.unsorted, [1, 2, 3, 4, 5]);
        assert_eq!(order.cycles, [vec![2, 3, 1], vec![5]]);
    }
}
