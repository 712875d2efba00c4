//! Cuts that keep plans free of cycles.
//!
//! Whatever is chosen, the first class of a set `S` to be made is made by a node that needs none of `S`. So, for each `c`
//! in `S`: the variable of `c` is at most the sum of all nodes of classes in `S` that need nothing in `S`. (In answer set
//! programming these are the loop formulas.) Sets within one strongly connected component are enough.

use super::flow::Flow;
use super::model::Row;
use crate::problem::Problem;
use crate::reduce::{Must, components, has};

/// A violation by less is left alone.
const LEAST: f64 = 1e-4;
/// Classes of a component up to which indirect needs are looked at.
const CLOSE: usize = 2000;
/// Classes of a component whose cuts are looked for in one call, those that are needed most.
const FLOWS: usize = 400;

pub struct Support {
    /// The classes of each component of more than one.
    components: Vec<Vec<u32>>,
    /// Number of the component of each class in that list.
    component: Vec<Option<u32>>,
    /// For each node what it needs of its class's component.
    needs: Vec<Vec<u32>>,
}

impl Support {
    pub fn new(problem: &Problem, must: Option<&Must>) -> Support {
        let children = |class: usize| {
            let nodes = problem.range(class as u32);
            nodes.flat_map(|id| problem.at(id).children.iter().copied()).collect()
        };
        let (number, sizes) = components(problem.classes() as usize, children);
        let mut support = Support {
            components: Vec::new(),
            component: vec![None; number.len()],
            needs: vec![Vec::new(); problem.nodes()],
        };
        let mut place = vec![None; sizes.len()];
        for class in (0..problem.classes()).filter(|class| sizes[number[*class as usize] as usize] > 1) {
            let place = place[number[class as usize] as usize].get_or_insert_with(|| {
                support.components.push(Vec::new());
                support.components.len() - 1
            });
            support.components[*place].push(class);
            support.component[class as usize] = Some(*place as u32);
        }
        for class in support.components.iter().flatten() {
            let home = support.component[*class as usize];
            for id in problem.range(*class) {
                let children = problem.at(id).children;
                let members = home.map_or(&[][..], |home| &support.components[home as usize]);
                let close = must.filter(|_| members.len() <= CLOSE);
                let needs = match close {
                    Some(must) => {
                        let needed = |other: &&u32| children.iter().any(|child| has(must.of(*child), **other));
                        members.iter().filter(needed).copied().collect()
                    }
                    None => {
                        children.iter().filter(|child| support.component[**child as usize] == home).copied().collect()
                    }
                };
                support.needs[id as usize] = needs;
            }
        }
        support
    }

    /// The cut of a set for its class `of`.
    pub fn cut(&self, problem: &Problem, set: &[u32], of: u32) -> Row {
        let supports = |id: &u32| self.needs[*id as usize].iter().all(|child| !set.contains(child));
        let nodes = set.iter().flat_map(|class| problem.range(*class)).filter(supports);
        Row { nodes: nodes.map(|id| (id, -1.0)).collect(), classes: vec![(of, 1.0)], most: 0.0 }
    }

    /// Cuts that a fractional point violates; `value` is of nodes, `sum` of classes.
    ///
    /// A node that needs several classes of its component is a hyperarc. Here it is an arc from the one that is
    /// supported least; what a minimum cut then says is support is at least what the set has.
    pub fn violated(&self, problem: &Problem, value: &[f64], sum: &[f64]) -> Vec<Row> {
        self.components.iter().flat_map(|members| self.cuts_of(problem, members, value, sum)).collect()
    }

    fn cuts_of(&self, problem: &Problem, members: &[u32], value: &[f64], sum: &[f64]) -> Vec<Row> {
        let place = |class: &u32| members.binary_search(class).unwrap_or(members.len());
        let ground = members.len();
        let supported = self.supported(problem, members, value, sum);
        let mut flow = Flow::new(members.len() + 1);
        for (to, class) in members.iter().enumerate() {
            for id in problem.range(*class).filter(|id| value[*id as usize] > 1e-9) {
                let least = self.needs[id as usize].iter().map(place);
                let from = least.min_by(|a, b| supported[*a].total_cmp(&supported[*b])).unwrap_or(ground);
                flow.arc(from, to, value[id as usize]);
            }
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut order: Vec<u32> = members.iter().copied().filter(|class| sum[*class as usize] > LEAST).collect();
        order.sort_by(|a, b| sum[*b as usize].total_cmp(&sum[*a as usize]).then(a.cmp(b)));
        for class in order.into_iter().take(FLOWS) {
            let (mut sent, want) = (flow.clone(), sum[class as usize]);
            if sent.send(ground, place(&class), want) > want - LEAST {
                continue;
            }
            let near = sent.reaching(place(&class));
            let far = sent.reached(ground);
            let sets: [Vec<u32>; 2] = [
                members.iter().enumerate().filter(|(index, _)| near[*index]).map(|(_, class)| *class).collect(),
                members.iter().enumerate().filter(|(index, _)| !far[*index]).map(|(_, class)| *class).collect(),
            ];
            for set in sets {
                let row = self.cut(problem, &set, class);
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    /// How far each class is made from what needs nothing of the component, at most.
    fn supported(&self, problem: &Problem, members: &[u32], value: &[f64], sum: &[f64]) -> Vec<f64> {
        let mut supported = vec![0.0f64; members.len()];
        for _ in 0..members.len() {
            let mut changed = false;
            for (index, class) in members.iter().enumerate() {
                let of = |id: u32| {
                    let needs = self.needs[id as usize].iter();
                    let place = |class: &u32| members.binary_search(class).map_or(0.0, |place| supported[place]);
                    needs.map(place).fold(value[id as usize], f64::min)
                };
                let new = problem.range(*class).map(of).sum::<f64>().min(sum[*class as usize]);
                if new > supported[index] + 1e-6 {
                    supported[index] = new;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        supported
    }
}
