//! The steps; `mod.rs` has their table.

use super::Impossible;
use super::must::{Must, bottom_up, has, members};
use super::work::Work;

/// Children that nodes may have after one was merged into them, all copies together.
const MERGED: usize = 256;

impl Work {
    /// Keeps what can be made and what some root can need.
    pub fn impossible(&mut self) -> Result<(), Impossible> {
        let users = self.users();
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.children.len()).collect();
        let mut made = vec![false; self.classes.len()];
        let mut ready: Vec<u32> = self.ids().filter(|id| missing[*id as usize] == 0).collect();
        while let Some(id) = ready.pop() {
            let class = self.nodes[id as usize].class as usize;
            if !std::mem::replace(&mut made[class], true) {
                for &user in &users[class] {
                    missing[user as usize] -= 1;
                    if missing[user as usize] == 0 {
                        ready.push(user);
                    }
                }
            }
        }
        let wrong: Vec<u32> =
            (0..self.classes.len() as u32).filter(|c| self.is_root[*c as usize] && !made[*c as usize]).collect();
        if !wrong.is_empty() {
            return Err(Impossible(wrong));
        }
        let mut needed = self.is_root.clone();
        let mut stack: Vec<u32> = (0..needed.len() as u32).filter(|class| needed[*class as usize]).collect();
        while let Some(class) = stack.pop() {
            let nodes = &self.nodes;
            self.classes[class as usize].retain(|id| missing[*id as usize] == 0);
            for child in self.classes[class as usize].iter().flat_map(|id| &nodes[*id as usize].children) {
                if !std::mem::replace(&mut needed[*child as usize], true) {
                    stack.push(*child);
                }
            }
        }
        self.classes.iter_mut().zip(&needed).filter(|(_, needed)| !**needed).for_each(|(nodes, _)| nodes.clear());
        Ok(())
    }

    /// Nodes that need their own class, classes that every plan holds, and dominated nodes.
    pub fn necessary(&mut self) {
        let Some(must) = Must::new(&self.children()) else {
            return self.dominated(None);
        };
        let roots: Vec<u32> = (0..self.is_root.len() as u32).filter(|class| self.is_root[*class as usize]).collect();
        let mut set = Vec::new();
        must.of_children(&roots, &mut set);
        members(&set).for_each(|class| self.is_root[class as usize] |= !self.classes[class as usize].is_empty());
        for class in 0..self.classes.len() {
            let nodes = &self.nodes;
            self.classes[class].retain(|id| {
                let children = &nodes[*id as usize].children;
                !children.iter().any(|child| has(must.of(*child), class as u32))
            });
        }
        self.dominated(Some(&must));
    }

    fn dominated(&mut self, must: Option<&Must>) {
        let mut needs = Vec::new();
        for class in 0..self.classes.len() {
            let mut ids = self.classes[class].clone();
            if ids.len() < 2 {
                continue;
            }
            // The cheaper of two stays; of equals the first.
            ids.sort_by(|a, b| self.nodes[*a as usize].cost.total_cmp(&self.nodes[*b as usize].cost).then(a.cmp(b)));
            let mut kept: Vec<u32> = Vec::with_capacity(ids.len());
            for id in ids {
                let node = &self.nodes[id as usize];
                if let Some(must) = must.filter(|_| !self.rewards) {
                    must.of_children(&node.children, &mut needs);
                }
                let by = kept.iter().copied().find(|other| {
                    let other = &self.nodes[*other as usize];
                    let amounts = other.amounts.iter().zip(&node.amounts).all(|(a, b)| a <= b);
                    amounts
                        && match must {
                            _ if self.rewards => other.children == node.children,
                            Some(_) => other.children.iter().all(|child| has(&needs, *child)),
                            None => other.children.iter().all(|child| node.children.binary_search(child).is_ok()),
                        }
                });
                match by {
                    None => kept.push(id),
                    Some(by) => {
                        let (from, to) = (self.nodes[id as usize].picks[0], self.nodes[by as usize].picks[0]);
                        if self.nodes[id as usize].picks.len() == 1 && from != to {
                            self.replaced[from as usize] = to;
                        }
                    }
                }
            }
            kept.sort_unstable();
            self.classes[class] = kept;
        }
    }

    /// Classes with one node that every plan holds, or that costs nothing and needs nothing.
    pub fn settle(&mut self) {
        let (component, sizes) = self.components();
        let mut gone = vec![false; self.classes.len()];
        // A class that is settled can make its children roots, which are settled in the same pass if they come later.
        let mut stack: Vec<usize> = (0..self.classes.len()).rev().collect();
        while let Some(class) = stack.pop() {
            let [id] = self.classes[class][..] else { continue };
            // What is part of a cycle has to stay: others must not need it if it needs them.
            if gone[class] || sizes[component[class] as usize] > 1 {
                continue;
            }
            let node = &self.nodes[id as usize];
            let free = node.cost == 0.0 && node.children.is_empty() && node.amounts.iter().all(|amount| *amount == 0.0);
            if !free && !self.is_root[class] {
                continue;
            }
            gone[class] = true;
            if self.is_root[class] {
                self.cost += node.cost;
                self.used.iter_mut().zip(&node.amounts).for_each(|(used, amount)| *used += amount);
                for child in node.children.clone() {
                    if !std::mem::replace(&mut self.is_root[child as usize], true) {
                        stack.push(child as usize);
                    }
                }
            }
            self.settle_picks(id);
        }
        for class in (0..gone.len()).filter(|class| gone[*class]) {
            self.classes[class].clear();
            self.is_root[class] = false;
        }
        let left: Vec<u32> = self.ids().collect();
        for id in left {
            self.nodes[id as usize].children.retain(|child| !gone[*child as usize]);
        }
    }

    fn settle_picks(&mut self, id: u32) {
        for pick in self.nodes[id as usize].picks.clone() {
            self.settled[self.home[pick as usize] as usize] = pick;
        }
    }

    /// Classes that only one node needs become part of it; so do, in all that need them, classes whose one node costs
    /// nothing.
    pub fn merge(&mut self) {
        let mut users = self.users();
        for class in bottom_up(&self.children()) {
            let class = class as usize;
            if self.is_root[class] || self.classes[class].is_empty() {
                continue;
            }
            users[class].retain(|id| {
                let node = &self.nodes[*id as usize];
                self.classes[node.class as usize].contains(id) && node.children.binary_search(&(class as u32)).is_ok()
            });
            users[class].sort_unstable();
            users[class].dedup();
            match (&users[class][..], &self.classes[class][..]) {
                (&[user], _) => self.merge_into(user, class, &mut users),
                (_, &[id]) => self.bypass(class, id, &mut users),
                _ => {}
            }
        }
    }

    /// A node for each alternative of the class that it alone needs.
    fn merge_into(&mut self, user: u32, class: usize, users: &mut [Vec<u32>]) {
        let parent = self.nodes[user as usize].clone();
        let alternatives = self.classes[class].clone();
        let size = |id: &u32| self.nodes[*id as usize].children.len() + parent.children.len();
        if alternatives.len() > 1 && alternatives.iter().map(size).sum::<usize>() > MERGED {
            return;
        }
        let home = parent.class as usize;
        self.classes[home].retain(|id| *id != user);
        for id in alternatives {
            let part = &self.nodes[id as usize];
            let mut node = parent.clone();
            node.cost += part.cost;
            node.amounts.iter_mut().zip(&part.amounts).for_each(|(sum, amount)| *sum += amount);
            node.children.retain(|child| *child as usize != class);
            node.children.extend(&part.children);
            node.children.sort_unstable();
            node.children.dedup();
            node.picks.extend(&part.picks);
            if node.children.binary_search(&(home as u32)).is_ok() {
                continue;
            }
            let new = self.nodes.len() as u32;
            node.children.iter().for_each(|child| users[*child as usize].push(new));
            self.classes[home].push(new);
            self.nodes.push(node);
        }
        self.classes[class].clear();
    }

    /// Lets those that need a class of one node without cost need that node's children instead.
    fn bypass(&mut self, class: usize, id: u32, users: &mut [Vec<u32>]) {
        let node = &self.nodes[id as usize];
        let costs = node.cost != 0.0 || node.amounts.iter().any(|amount| *amount != 0.0);
        if costs || node.children.len() > 1 && node.children.len() * users[class].len() > MERGED {
            return;
        }
        let children = node.children.clone();
        for user in std::mem::take(&mut users[class]) {
            let node = &mut self.nodes[user as usize];
            node.children.retain(|child| *child as usize != class);
            node.children.extend(&children);
            node.children.sort_unstable();
            node.children.dedup();
            let home = node.class;
            if node.children.binary_search(&home).is_ok() {
                self.classes[home as usize].retain(|id| *id != user);
            } else {
                children.iter().for_each(|child| users[*child as usize].push(user));
            }
        }
        self.settle_picks(id);
        self.classes[class].clear();
    }
}
