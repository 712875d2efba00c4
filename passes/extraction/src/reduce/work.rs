//! A graph that is being reduced.

use crate::plan::NONE;
use crate::problem::Problem;

/// A node that is left: a node of the original, and what was merged into it.
#[derive(Clone, Debug)]
pub struct WorkNode {
    pub class: u32,
    pub cost: f64,
    /// Sorted, each once.
    pub children: Vec<u32>,
    pub amounts: Vec<f64>,
    /// Nodes of the original that are chosen with it.
    pub picks: Vec<u32>,
}

/// Classes keep the numbers of the original; those that are gone are empty.
pub struct Work {
    pub nodes: Vec<WorkNode>,
    /// The nodes that are left, by class.
    pub classes: Vec<Vec<u32>>,
    pub is_root: Vec<bool>,
    /// What to choose for classes of the original that nothing decides any more.
    pub settled: Vec<u32>,
    /// Cost and amounts of what every plan holds.
    pub cost: f64,
    pub used: Vec<f64>,
    /// Nodes that were taken away because another does as well: which.
    pub replaced: Vec<u32>,
    /// Some cost is negative: then it can be better to need more.
    pub rewards: bool,
    /// The class of each node of the original.
    pub home: Vec<u32>,
}

impl Work {
    /// Only nodes that `keep` admits and whose cost is finite.
    pub fn new(problem: &Problem, keep: impl Fn(u32) -> bool) -> Work {
        let count = problem.classes() as usize;
        let mut work = Work {
            nodes: Vec::new(),
            classes: vec![Vec::new(); count],
            is_root: vec![false; count],
            settled: vec![NONE; count],
            cost: 0.0,
            used: vec![0.0; problem.budgets().len()],
            replaced: vec![NONE; problem.nodes()],
            rewards: false,
            home: (0..problem.nodes() as u32).map(|id| problem.place(id).0).collect(),
        };
        problem.roots().iter().for_each(|root| work.is_root[*root as usize] = true);
        for id in 0..problem.nodes() as u32 {
            let (node, class) = (problem.at(id), problem.place(id).0);
            if node.cost.is_finite() && keep(id) && !node.children.contains(&class) {
                work.rewards |= node.cost < 0.0;
                work.classes[class as usize].push(work.nodes.len() as u32);
                let (children, amounts) = (node.children.to_vec(), node.amounts.to_vec());
                work.nodes.push(WorkNode { class, cost: node.cost, children, amounts, picks: vec![id] });
            }
        }
        work
    }

    /// Nodes that are left.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.classes.iter().flatten().copied()
    }

    /// For each class the nodes that need it.
    pub fn users(&self) -> Vec<Vec<u32>> {
        let mut users = vec![Vec::new(); self.classes.len()];
        for id in self.ids() {
            self.nodes[id as usize].children.iter().for_each(|child| users[*child as usize].push(id));
        }
        users
    }

    /// The children of each node of each class.
    pub fn children(&self) -> Vec<Vec<&[u32]>> {
        let of = |nodes: &Vec<u32>| nodes.iter().map(|id| &self.nodes[*id as usize].children[..]).collect();
        self.classes.iter().map(of).collect()
    }

    /// The children of all nodes of a class.
    fn needs(&self, class: usize) -> Vec<u32> {
        self.classes[class].iter().flat_map(|id| self.nodes[*id as usize].children.iter().copied()).collect()
    }

    /// Number of the strongly connected component of each class, and how many classes are in it.
    pub fn components(&self) -> (Vec<u32>, Vec<u32>) {
        components(self.classes.len(), |class| self.needs(class))
    }
}

/// Tarjan's algorithm: the component of each vertex, and the sizes of the components. Components come after those that
/// they lead to.
pub fn components(count: usize, next: impl Fn(usize) -> Vec<u32>) -> (Vec<u32>, Vec<u32>) {
    const OPEN: u32 = u32::MAX;
    let (mut component, mut sizes) = (vec![OPEN; count], Vec::new());
    let (mut index, mut low) = (vec![OPEN; count], vec![0u32; count]);
    let (mut clock, mut path) = (0, Vec::new());
    for start in 0..count {
        if index[start] != OPEN {
            continue;
        }
        let mut stack = vec![(start, next(start), 0)];
        (index[start], low[start]) = (clock, clock);
        clock += 1;
        path.push(start);
        while let Some((vertex, targets, visited)) = stack.last_mut() {
            let vertex = *vertex;
            if let Some(&target) = targets.get(*visited) {
                *visited += 1;
                let target = target as usize;
                if index[target] == OPEN {
                    (index[target], low[target]) = (clock, clock);
                    clock += 1;
                    path.push(target);
                    stack.push((target, next(target), 0));
                } else if component[target] == OPEN {
                    low[vertex] = low[vertex].min(index[target]);
                }
                continue;
            }
            stack.pop();
            if let Some((parent, ..)) = stack.last() {
                low[*parent] = low[*parent].min(low[vertex]);
            }
            if low[vertex] == index[vertex] {
                let mut size = 0;
                while let Some(member) = path.pop() {
                    component[member] = sizes.len() as u32;
                    size += 1;
                    if member == vertex {
                        break;
                    }
                }
                sizes.push(size);
            }
        }
    }
    (component, sizes)
}
