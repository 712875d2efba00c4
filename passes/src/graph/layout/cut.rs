//! Minimum cuts: which of two sides each of many nodes takes, at the least cost.

use std::collections::VecDeque;

/// A cost that no cut pays.
pub const NEVER: u64 = u64::MAX / 4;

/// The end of an edge: a node, or the side that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    First,
    Last,
    Node(usize),
}

struct Edge {
    to: usize,
    room: u64,
}

/// A network whose nodes are divided between the sides [`End::First`] and [`End::Last`]. Each edge `a -> b` costs what it
/// says where `a` is on the first side and `b` on the last.
#[derive(Default)]
pub struct Network {
    edges: Vec<Edge>,
    /// Numbers of the edges that leave a node; an edge and the next, or the one before, are one another's reverse.
    leaving: Vec<Vec<usize>>,
}

const SOURCE: usize = 0;
const SINK: usize = 1;

impl Network {
    pub fn new(nodes: usize) -> Network {
        let mut leaving = Vec::new();
        leaving.resize_with(nodes + 2, Vec::new);
        Network { edges: Vec::new(), leaving }
    }

    /// A node more.
    pub fn node(&mut self) -> End {
        self.leaving.push(Vec::new());
        End::Node(self.leaving.len() - 3)
    }

    pub fn edge(&mut self, from: End, to: End, cost: u64) {
        let place = |end| match end {
            End::First => SOURCE,
            End::Last => SINK,
            End::Node(n) => n + 2,
        };
        let (from, to) = (place(from), place(to));
        if from == to || cost == 0 {
            return;
        }
        for (from, to, room) in [(from, to, cost), (to, from, 0)] {
            self.leaving[from].push(self.edges.len());
            self.edges.push(Edge { to, room });
        }
    }

    /// Whether each node is on the last side of the cheapest division; where that does not decide, it is on the first.
    pub fn last_side(mut self) -> Vec<bool> {
        while let Some(levels) = self.levels() {
            let mut next = vec![0; self.leaving.len()];
            while self.push(&levels, &mut next) {}
        }
        // On the last side is what still reaches the sink.
        let mut reaches = vec![false; self.leaving.len()];
        reaches[SINK] = true;
        let mut queue = VecDeque::from([SINK]);
        while let Some(node) = queue.pop_front() {
            for &edge in &self.leaving[node] {
                let from = self.edges[edge].to;
                if self.edges[edge ^ 1].room > 0 && !reaches[from] {
                    reaches[from] = true;
                    queue.push_back(from);
                }
            }
        }
        reaches.split_off(2)
    }

    /// Distances from the source over edges with room; `None` where the sink is out of reach.
    fn levels(&self) -> Option<Vec<usize>> {
        let mut levels = vec![usize::MAX; self.leaving.len()];
        levels[SOURCE] = 0;
        let mut queue = VecDeque::from([SOURCE]);
        while let Some(node) = queue.pop_front() {
            for &edge in &self.leaving[node] {
                let Edge { to, room } = self.edges[edge];
                if room > 0 && levels[to] == usize::MAX {
                    levels[to] = levels[node] + 1;
                    queue.push_back(to);
                }
            }
        }
        (levels[SINK] != usize::MAX).then_some(levels)
    }

    /// Pushes flow along one shortest path, if there is one; `next` remembers the edges that lead nowhere.
    fn push(&mut self, levels: &[usize], next: &mut [usize]) -> bool {
        let mut path: Vec<usize> = Vec::new();
        let mut node = SOURCE;
        while node != SINK {
            let forward = |&&edge: &&usize| {
                let Edge { to, room } = self.edges[edge];
                room > 0 && levels[to] == levels[node] + 1
            };
            let skipped = self.leaving[node][next[node]..].iter().take_while(|edge| !forward(edge)).count();
            next[node] += skipped;
            match self.leaving[node].get(next[node]) {
                Some(&edge) => {
                    path.push(edge);
                    node = self.edges[edge].to;
                }
                None => {
                    // A dead end: back, and past the edge that led here.
                    let Some(edge) = path.pop() else { return false };
                    node = self.edges[edge ^ 1].to;
                    next[node] += 1;
                }
            }
        }
        let flow = path.iter().map(|&edge| self.edges[edge].room).min().unwrap_or(0);
        for edge in path {
            self.edges[edge].room -= flow;
            self.edges[edge ^ 1].room += flow;
        }
        flow > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cost of a division.
    fn cost(edges: &[(End, End, u64)], last: &[bool]) -> u64 {
        let side = |end| match end {
            End::First => false,
            End::Last => true,
            End::Node(n) => last[n],
        };
        edges.iter().filter(|(a, b, _)| !side(*a) && side(*b)).map(|(_, _, c)| c).sum()
    }

    /// Every division of small random networks costs at least as much, and of the cheapest none has fewer on the last side.
    #[test]
    fn no_division_is_cheaper() {
        let mut state = 1u64;
        let mut random = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..200 {
            let count = 2 + random(5) as usize;
            let mut edges = Vec::new();
            for _ in 0..random(16) {
                let mut end = || match random(count as u64 + 2) {
                    0 => End::First,
                    1 => End::Last,
                    n => End::Node(n as usize - 2),
                };
                edges.push((end(), end(), random(9)));
            }
            let mut network = Network::new(count);
            edges.iter().for_each(|&(a, b, c)| network.edge(a, b, c));
            let found = network.last_side();
            let all: Vec<Vec<bool>> =
                (0..1 << count).map(|bits| (0..count).map(|i| bits >> i & 1 == 1).collect()).collect();
            let least = all.iter().map(|last| cost(&edges, last)).min().unwrap();
            assert_eq!(cost(&edges, &found), least, "{edges:?}");
            let size = |last: &[bool]| last.iter().filter(|l| **l).count();
            let smallest = all.iter().filter(|l| cost(&edges, l) == least).map(|l| size(l)).min().unwrap();
            assert_eq!(size(&found), smallest, "{edges:?}");
        }
    }
}
