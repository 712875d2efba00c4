//! Where to draw the operations of a graph: each below what it reads, in layers.

use hwc::{Picture, PictureNode};
use serde::Serialize;

/// Width and height of a box, and the space it takes with what is around it.
const BOX: (usize, usize) = (132, 34);
const STEP: (usize, usize) = (148, 58);

/// A drawing, in the units of SVG.
#[derive(Serialize)]
pub struct Drawing<'a> {
    pub width: usize,
    pub height: usize,
    /// Width and height of each box.
    pub size: (usize, usize),
    pub boxes: Vec<Placed<'a>>,
    /// Curves from the lower edge of one box to the upper edge of another.
    pub curves: Vec<String>,
}

#[derive(Serialize)]
pub struct Placed<'a> {
    x: usize,
    y: usize,
    /// The middle of the box.
    middle: usize,
    node: &'a PictureNode,
}

/// Draws a graph whose operations are in order.
pub fn picture(graph: &Picture) -> Drawing<'_> {
    let mut layers = vec![0; graph.nodes.len()];
    let mut sources: Vec<Vec<usize>> = vec![vec![]; graph.nodes.len()];
    for &(from, to) in &graph.edges {
        sources[to].push(from);
    }
    for (node, sources) in sources.iter().enumerate() {
        layers[node] = sources.iter().map(|from| layers[*from] + 1).max().unwrap_or(0);
    }
    let mut filled = vec![0; layers.iter().max().map_or(0, |last| last + 1)];
    let mut columns = vec![0; graph.nodes.len()];
    for (node, sources) in sources.iter().enumerate() {
        // Below its first operand, if that place is free.
        let wanted = sources.first().map_or(0, |from| columns[*from]);
        columns[node] = wanted.max(filled[layers[node]]);
        filled[layers[node]] = columns[node] + 1;
    }
    let place = |node: usize| (columns[node] * STEP.0 + 8, layers[node] * STEP.1 + 8);
    let boxes = graph.nodes.iter().enumerate().map(|(number, node)| {
        let (x, y) = place(number);
        Placed { x, y, middle: x + BOX.0 / 2, node }
    });
    let curve = |&(from, to): &(usize, usize)| {
        let ((x, y), (u, v)) = (place(from), place(to));
        let (x, y, u) = (x + BOX.0 / 2, y + BOX.1, u + BOX.0 / 2);
        format!("M{x} {y}C{x} {} {u} {} {u} {v}", y + 16, v.saturating_sub(16))
    };
    Drawing {
        width: columns.iter().max().map_or(0, |last| last + 1) * STEP.0 + 8,
        height: filled.len() * STEP.1,
        size: BOX,
        boxes: boxes.collect(),
        curves: graph.edges.iter().map(curve).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn operations_stand_below_what_they_read_and_nowhere_twice() {
        let node = || PictureNode { operator: "add".into(), result: String::new(), kind: "Elementwise".into() };
        let nodes = (0..6).map(|_| node()).collect();
        let graph = Picture { nodes, edges: vec![(0, 2), (1, 2), (0, 3), (2, 4), (3, 4), (0, 5), (4, 5)] };
        let drawing = picture(&graph);
        for &(from, to) in &graph.edges {
            assert!(drawing.boxes[from].y + BOX.1 < drawing.boxes[to].y, "{from} {to}");
        }
        let places: HashSet<(usize, usize)> = drawing.boxes.iter().map(|b| (b.x, b.y)).collect();
        assert_eq!(places.len(), 6);
        assert!(drawing.boxes.iter().all(|b| b.x + BOX.0 < drawing.width && b.y + BOX.1 < drawing.height));
        assert_eq!(drawing.curves.len(), 7);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let graph = Picture::default();
        let drawing = picture(&graph);
        assert_eq!((drawing.height, drawing.boxes.len()), (0, 0));
    }
}
