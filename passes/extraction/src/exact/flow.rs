//! Maximum flow, by Dinic's algorithm.

const LEAST: f64 = 1e-9;

#[derive(Clone)]
pub struct Flow {
    /// Arcs that leave each vertex; arc `a` and its reverse `a ^ 1` are neighbours.
    leaving: Vec<Vec<usize>>,
    target: Vec<usize>,
    residual: Vec<f64>,
}

impl Flow {
    pub fn new(vertices: usize) -> Flow {
        Flow { leaving: vec![Vec::new(); vertices], target: Vec::new(), residual: Vec::new() }
    }

    pub fn arc(&mut self, from: usize, to: usize, capacity: f64) {
        for (from, to, capacity) in [(from, to, capacity), (to, from, 0.0)] {
            self.leaving[from].push(self.target.len());
            self.target.push(to);
            self.residual.push(capacity);
        }
    }

    /// Sends as much as possible, but no more than `most`.
    pub fn send(&mut self, source: usize, sink: usize, most: f64) -> f64 {
        let mut sent = 0.0;
        while sent < most - LEAST {
            let level = self.levels(source);
            if level[sink] == usize::MAX {
                break;
            }
            let mut next = vec![0; level.len()];
            loop {
                let pushed = self.push(source, sink, most - sent, &level, &mut next);
                if pushed <= LEAST {
                    break;
                }
                sent += pushed;
            }
        }
        sent
    }

    fn levels(&self, source: usize) -> Vec<usize> {
        let mut level = vec![usize::MAX; self.leaving.len()];
        level[source] = 0;
        let mut queue = std::collections::VecDeque::from([source]);
        while let Some(vertex) = queue.pop_front() {
            for &arc in &self.leaving[vertex] {
                let target = self.target[arc];
                if self.residual[arc] > LEAST && level[target] == usize::MAX {
                    level[target] = level[vertex] + 1;
                    queue.push_back(target);
                }
            }
        }
        level
    }

    /// One path; depth is at most the number of vertices of a component.
    fn push(&mut self, source: usize, sink: usize, most: f64, level: &[usize], next: &mut [usize]) -> f64 {
        let mut path: Vec<usize> = Vec::new();
        let mut vertex = source;
        loop {
            if vertex == sink {
                let amount = path.iter().map(|arc| self.residual[*arc]).fold(most, f64::min);
                for arc in path {
                    self.residual[arc] -= amount;
                    self.residual[arc ^ 1] += amount;
                }
                return amount;
            }
            let open = |arc: &usize| self.residual[*arc] > LEAST && level[self.target[*arc]] == level[vertex] + 1;
            match self.leaving[vertex].get(next[vertex]) {
                Some(arc) if open(arc) => {
                    path.push(*arc);
                    vertex = self.target[*arc];
                }
                Some(_) => next[vertex] += 1,
                None => {
                    let Some(arc) = path.pop() else { return 0.0 };
                    vertex = self.target[arc ^ 1];
                    next[vertex] += 1;
                }
            }
        }
    }

    /// Vertices from which the sink can still be reached.
    pub fn reaching(&self, sink: usize) -> Vec<bool> {
        let mut seen = vec![false; self.leaving.len()];
        seen[sink] = true;
        let mut stack = vec![sink];
        while let Some(vertex) = stack.pop() {
            for &arc in &self.leaving[vertex] {
                let from = self.target[arc];
                if self.residual[arc ^ 1] > LEAST && !std::mem::replace(&mut seen[from], true) {
                    stack.push(from);
                }
            }
        }
        seen
    }

    /// Vertices that can still be reached from the source.
    pub fn reached(&self, source: usize) -> Vec<bool> {
        self.levels(source).iter().map(|level| *level != usize::MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_as_much_as_the_smallest_cut() {
        let mut flow = Flow::new(6);
        for (from, to, capacity) in
            [(0, 1, 3.0), (0, 2, 2.0), (1, 3, 2.0), (2, 3, 2.0), (1, 2, 1.0), (3, 4, 3.5), (4, 5, 9.0)]
        {
            flow.arc(from, to, capacity);
        }
        assert_eq!(flow.clone().send(0, 5, 1.25), 1.25);
        assert!((flow.send(0, 5, 10.0) - 3.5).abs() < 1e-9);
        assert_eq!(flow.reaching(5), [false, false, false, false, true, true]);
        assert_eq!(flow.reached(0), [true, true, true, true, false, false]);
    }
}
