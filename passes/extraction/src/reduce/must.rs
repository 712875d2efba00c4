//! What a class needs whatever is chosen: dominators of an AND-OR graph.

use crate::problem::Problem;
use std::collections::VecDeque;

/// Bits that the sets of all classes may take: 64 MB.
const LARGEST: usize = 1 << 29;

/// For each class the classes that every plan for it holds, itself included.
pub struct Must {
    words: usize,
    bits: Vec<u64>,
}

impl Must {
    /// The children of each node of each class. `None` for graphs of more classes than are worth it.
    pub fn new(classes: &[Vec<&[u32]>]) -> Option<Must> {
        let count = classes.len();
        if count.checked_mul(count)? > LARGEST {
            return None;
        }
        let words = count.div_ceil(64);
        // The greatest fixed point: everything at first, then what does not hold is taken away.
        let mut must = Must { words, bits: vec![u64::MAX; words * count] };
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (class, nodes) in classes.iter().enumerate() {
            for child in nodes.iter().copied().flatten() {
                if users[*child as usize].last() != Some(&(class as u32)) {
                    users[*child as usize].push(class as u32);
                }
            }
        }
        let mut queued = vec![true; count];
        let mut queue: VecDeque<u32> = bottom_up(classes).into();
        let (mut all, mut one) = (vec![0u64; words], vec![0u64; words]);
        while let Some(class) = queue.pop_front() {
            queued[class as usize] = false;
            all.fill(u64::MAX);
            for children in &classes[class as usize] {
                must.of_children(children, &mut one);
                all.iter_mut().zip(&one).for_each(|(all, one)| *all &= one);
            }
            all[class as usize / 64] |= 1 << (class % 64);
            let old = &mut must.bits[class as usize * words..(class as usize + 1) * words];
            if old != all {
                old.copy_from_slice(&all);
                for &user in &users[class as usize] {
                    if !std::mem::replace(&mut queued[user as usize], true) {
                        queue.push_back(user);
                    }
                }
            }
        }
        Some(must)
    }

    /// The same for a problem.
    pub fn of_problem(problem: &Problem) -> Option<Must> {
        let nodes = |class| problem.range(class).map(|id| problem.at(id).children).collect();
        Must::new(&(0..problem.classes()).map(nodes).collect::<Vec<_>>())
    }

    /// The union of what these classes need.
    pub fn of_children(&self, children: &[u32], into: &mut Vec<u64>) {
        into.clear();
        into.resize(self.words, 0);
        for child in children {
            let set = self.of(*child);
            into.iter_mut().zip(set).for_each(|(all, one)| *all |= one);
        }
    }

    pub fn of(&self, class: u32) -> &[u64] {
        &self.bits[class as usize * self.words..(class as usize + 1) * self.words]
    }
}

pub fn has(set: &[u64], class: u32) -> bool {
    set[class as usize / 64] >> (class % 64) & 1 == 1
}

/// The classes of a set.
pub fn members(set: &[u64]) -> impl Iterator<Item = u32> + '_ {
    set.iter().zip(0u32..).flat_map(|(&word, index)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (bit < 64).then_some(index * 64 + bit)
        })
    })
}

/// All classes, mostly after those that they need.
pub fn bottom_up(classes: &[Vec<&[u32]>]) -> Vec<u32> {
    let needs = |class: u32| classes[class as usize].concat();
    let mut order = Vec::with_capacity(classes.len());
    let mut seen = vec![false; classes.len()];
    for start in 0..classes.len() as u32 {
        if std::mem::replace(&mut seen[start as usize], true) {
            continue;
        }
        let mut stack = vec![(start, needs(start), 0)];
        while let Some((class, children, next)) = stack.last_mut() {
            if let Some(&child) = children.get(*next) {
                *next += 1;
                if !std::mem::replace(&mut seen[child as usize], true) {
                    stack.push((child, needs(child), 0));
                }
            } else {
                order.push(*class);
                stack.pop();
            }
        }
    }
    order
}
