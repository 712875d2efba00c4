//! Leaves out what no output depends on.

use std::sync::Arc;

use super::attribute::Attribute;
use super::graph::{Graph, Model};

/// Removes nodes and initializers that no output of the model depends on, in subgraphs too. Inputs stay.
pub fn prune(model: &mut Model) {
    let mut live = vec![false; model.values.len()];
    prune_graph(&mut model.graph, &mut live);
}

/// Marks what the graph reads, of its own values and of those around it.
fn prune_graph(graph: &mut Graph, live: &mut [bool]) {
    graph.outputs.iter().for_each(|output| live[output.value.index()] = true);
    let mut keep = vec![false; graph.nodes.len()];
    for (node, keep) in graph.nodes.iter_mut().zip(&mut keep).rev() {
        *keep = node.outputs.iter().flatten().any(|id| live[id.index()]);
        if !*keep {
            continue;
        }
        node.inputs.iter().flatten().for_each(|id| live[id.index()] = true);
        for (_, attribute) in &mut node.attributes {
            match attribute {
                Attribute::Graph(inner) => prune_graph(Arc::make_mut(inner), live),
                Attribute::Graphs(all) => {
                    *all = all
                        .iter()
                        .cloned()
                        .map(|mut inner| {
                            prune_graph(Arc::make_mut(&mut inner), live);
                            inner
                        })
                        .collect();
                }
                _ => {}
            }
        }
    }
    let mut keep = keep.into_iter();
    graph.nodes.retain(|_| keep.next().unwrap_or(true));
    graph.initializers.retain(|(id, _)| live[id.index()]);
}
