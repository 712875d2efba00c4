//! Which operations share a kernel.
//!
//! Elementwise operations join the kernel of the operation that makes their operand, so that a chain is computed in one
//! go. A kernel has at most one operation that is neither elementwise nor works on rows, its anchor. Operations on rows
//! (a sum along the last dimensions, a softmax, a normalization) and elementwise operations on as many elements, or on
//! one element a row, share a kernel with all that they need in between: each row is computed to its end while it is
//! near.
//!
//! A constant border joins the kernel of what it is put around.
//!
//! A value may be read both inside of its kernel and elsewhere where rows are concerned; otherwise a value joins its
//! reader if every reader of it could. Groups never depend on each other in a circle: before two are merged, no path
//! from one to the other leads through a third.
//!
//! Groups that were chosen beforehand ([`super::chosen`]) stay what they are, with what they compute again, and are merged
//! by these rules only as choosing could not weigh it: where the kernel stores several values, where they stand in
//! different parts of the graph, and with operations that passes have added. Two groups become one only if that is expected
//! to take no longer.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use hwc_dialects::{CostClass, Op};

use super::chosen::Chosen;

/// What grouping has to know of one operation of the graph.
#[derive(Clone)]
pub struct Node {
    pub op: Op,
    /// The operations that make its operands, by number; operands from elsewhere are left out.
    pub producers: Vec<usize>,
    /// The operations that read its results, once per use; `usize::MAX` for a use outside of the graph.
    pub users: Vec<usize>,
    /// Elements of its first result.
    pub elements: usize,
    /// If it combines the elements of each row of its first operand, and nothing else.
    pub rows: Option<Rows>,
    /// Puts its operand into a larger tensor, with a constant around it.
    pub border: bool,
    /// Has no kernel: it stays in `main` or is copied into the kernels that read it.
    pub free: bool,
    /// The groups that it was chosen for, first the one that stores it.
    pub chosen: Vec<Chosen>,
}

/// A tensor seen as rows of consecutive elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    pub count: usize,
    pub length: usize,
}

/// What the operations of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Elementwise operations on so many elements.
    Elementwise(usize),
    /// Operations on rows, and elementwise ones on all elements or on one a row.
    Rows(Rows),
    /// One other operation; what follows it is elementwise on so many elements.
    Anchored(usize),
}

/// What one kernel computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    kind: Kind,
    /// Its operations by number. Others may compute some of them too.
    pub members: BTreeSet<usize>,
    /// Those that no other group stores.
    pub own: BTreeSet<usize>,
    /// The chosen groups that it does the work of.
    pub chosen: BTreeSet<Chosen>,
    /// Whether it is less than what was chosen.
    cut: bool,
}

/// A group of more operations than this is not looked for when groups are chosen.
pub const LARGEST: usize = 16;

/// Seconds of a kernel of these operations that stores the results of those; nothing where that is not known.
pub type Price<'a> = &'a dyn Fn(&BTreeSet<usize>, &[usize]) -> Option<f64>;

/// The groups of all operations that are not free, in the order of their last ones.
pub fn groups(nodes: &[Node], price: Price) -> Vec<Group> {
    let mut grouping = Grouping::new(nodes, price);
    grouping.cut_circles();
    let mut order: Vec<(usize, usize)> = vec![];
    for (slot, group) in grouping.groups.iter().enumerate() {
        order.extend(group.as_ref().and_then(|group| Some((*group.members.last()?, slot))));
    }
    order.sort_unstable();
    for (_, slot) in order {
        grouping.gather(slot);
    }
    let mut groups: Vec<Group> = grouping.groups.into_iter().flatten().collect();
    groups.sort_by_key(|group| group.members.last().copied());
    groups
}

impl Node {
    fn kind(&self) -> Kind {
        match (self.op.info().cost, self.rows) {
            (CostClass::Elementwise, _) => Kind::Elementwise(self.elements),
            (_, Some(rows)) => Kind::Rows(rows),
            _ => Kind::Anchored(self.elements),
        }
    }

    /// Whether it reads little for much arithmetic. That seems to cost nothing beside other memory traffic, but does: it is
    /// computed once, whatever was chosen.
    fn is_bound_by_arithmetic(&self) -> bool {
        matches!(self.op.info().cost, CostClass::Contraction | CostClass::Convolution | CostClass::Attention)
    }
}

impl Rows {
    /// Whether elementwise operations on so many elements go with these rows.
    pub fn fits(self, elements: usize) -> bool {
        elements == self.count * self.length || elements == self.count
    }
}

impl Group {
    fn new(nodes: &[Node], members: BTreeSet<usize>, chosen: BTreeSet<Chosen>) -> Group {
        let last = members.last().map_or(0, |last| nodes[*last].elements);
        let kinds: Vec<Kind> = members.iter().map(|member| nodes[*member].kind()).collect();
        let rows = kinds.iter().find(|kind| matches!(kind, Kind::Rows(_)));
        let kind = match rows {
            _ if kinds.iter().any(|kind| matches!(kind, Kind::Anchored(_))) => Kind::Anchored(last),
            Some(rows) => *rows,
            None => Kind::Elementwise(last),
        };
        Group { kind, members, own: BTreeSet::new(), chosen, cut: false }
    }
}

struct Grouping<'n> {
    nodes: &'n [Node],
    price: Price<'n>,
    /// The group that stores each operation; nothing for those that are free.
    of: Vec<Option<usize>>,
    groups: Vec<Option<Group>>,
}

impl<'n> Grouping<'n> {
    /// The groups that were chosen, and a group for every other operation.
    fn new(nodes: &'n [Node], price: Price<'n>) -> Grouping<'n> {
        let mut grouping = Grouping { nodes, price, of: vec![None; nodes.len()], groups: vec![] };
        let mut chosen: BTreeMap<Chosen, BTreeSet<usize>> = BTreeMap::new();
        let mut cut: BTreeSet<Chosen> = BTreeSet::new();
        let kept = || nodes.iter().enumerate().filter(|(_, node)| !node.free);
        for (number, node) in kept() {
            let times = if node.is_bound_by_arithmetic() { 1 } else { usize::MAX };
            for group in node.chosen.iter().take(times) {
                chosen.entry(*group).or_default().insert(number);
            }
            cut.extend(node.chosen.iter().skip(times));
        }
        let mut slots: BTreeMap<Chosen, usize> = BTreeMap::new();
        for (group, members) in chosen {
            slots.insert(group, grouping.groups.len());
            let cut = cut.contains(&group);
            let members = if cut { grouping.read_of(group, members) } else { members };
            grouping.groups.push(Some(Group { cut, ..Group::new(nodes, members, BTreeSet::from([group])) }));
        }
        for (number, node) in kept() {
            match node.chosen.first().and_then(|group| slots.get(group)) {
                Some(&slot) => grouping.store(number, slot),
                None => grouping.stand_alone(number, BTreeSet::new()),
            }
        }
        // Somebody else stores the same.
        for group in &mut grouping.groups {
            group.take_if(|group| group.own.is_empty());
        }
        grouping
    }

    /// What of the operations of a chosen group is still read when it computes less than was chosen.
    fn read_of(&self, group: Chosen, mut members: BTreeSet<usize>) -> BTreeSet<usize> {
        loop {
            let is_read = |number: &usize| {
                let node = &self.nodes[*number];
                node.chosen.first() == Some(&group) || node.users.iter().any(|user| members.contains(user))
            };
            let read: BTreeSet<usize> = members.iter().copied().filter(is_read).collect();
            if read.len() == members.len() {
                return members;
            }
            members = read;
        }
    }

    fn store(&mut self, number: usize, slot: usize) {
        self.of[number] = Some(slot);
        self.groups[slot].iter_mut().for_each(|group| _ = group.own.insert(number));
    }

    fn stand_alone(&mut self, number: usize, chosen: BTreeSet<Chosen>) {
        self.groups.push(Some(Group::new(self.nodes, BTreeSet::from([number]), chosen)));
        self.store(number, self.groups.len() - 1);
    }

    /// Takes groups apart that need themselves by way of others, as they may where passes have put something in between.
    fn cut_circles(&mut self) {
        for slot in 0..self.groups.len() {
            let Some(group) = self.groups[slot].take_if(|group| group.members.len() > 1) else { continue };
            if self.has_detour(&group, &group) {
                for number in group.own {
                    self.stand_alone(number, group.chosen.clone());
                    self.groups.last_mut().into_iter().flatten().for_each(|part| part.cut = true);
                }
            } else {
                self.groups[slot] = Some(group);
            }
        }
    }

    /// Merges a group with those that make what it reads, and those that store what it computes too.
    fn gather(&mut self, slot: usize) {
        let Some(mut own) = self.groups[slot].take() else { return };
        for reader in own.members.clone() {
            for &producer in &self.nodes[reader].producers {
                let Some(last) = self.of[producer].filter(|last| *last != slot) else { continue };
                let Some(other) = self.groups[last].as_ref() else { continue };
                if let Some(merged) = self.merged(&own, other, reader, producer) {
                    for &number in &other.own {
                        self.of[number] = Some(slot);
                    }
                    self.groups[last] = None;
                    own = merged;
                }
            }
        }
        self.groups[slot] = Some(own);
    }

    /// What `own` becomes with the group that stores what one of its operations reads; nothing if they stay apart.
    fn merged(&self, own: &Group, other: &Group, reader: usize, producer: usize) -> Option<Group> {
        let kind = self.joined(own.kind, other.kind, reader, producer)?;
        let merged = Group {
            kind,
            members: own.members.union(&other.members).copied().collect(),
            own: own.own.union(&other.own).copied().collect(),
            chosen: own.chosen.union(&other.chosen).copied().collect(),
            cut: own.cut || other.cut,
        };
        let fits = self.was_not_weighed(own, other, &merged)
            && !self.has_detour(own, other)
            && !self.has_detour(other, own)
            && self.takes_no_longer(own, other, &merged);
        fits.then_some(merged)
    }

    fn joined(&self, own: Kind, other: Kind, reader: usize, producer: usize) -> Option<Kind> {
        let users = &self.nodes[producer].users;
        let could_join = |n: usize| {
            let could = |user: &usize| self.nodes.get(*user).is_some_and(|node| node.kind() == Kind::Elementwise(n));
            users.iter().all(could)
        };
        match (own, other) {
            (Kind::Rows(a), Kind::Rows(b)) if a == b => Some(own),
            (Kind::Rows(rows), Kind::Elementwise(n)) | (Kind::Elementwise(n), Kind::Rows(rows)) if rows.fits(n) => {
                Some(Kind::Rows(rows))
            }
            (Kind::Elementwise(a), Kind::Elementwise(b) | Kind::Anchored(b)) if a == b && could_join(a) => Some(other),
            // The operand is written where the border is.
            (Kind::Anchored(_), Kind::Elementwise(_) | Kind::Anchored(_))
                if self.nodes[reader].border && users.iter().all(|&user| user == reader) =>
            {
                Some(own)
            }
            (Kind::Anchored(a), Kind::Elementwise(b)) => {
                let joins = match self.nodes[reader].op.info().cost {
                    CostClass::Elementwise => a == b && could_join(a),
                    // What reads its operand once may compute it on the way.
                    CostClass::Reduction => users.iter().all(|&user| user == reader),
                    _ => false,
                };
                joins.then_some(own)
            }
            _ => None,
        }
    }

    /// Whether choosing could not have put two groups together: it weighs groups of few operations of one part that make
    /// one value.
    fn was_not_weighed(&self, own: &Group, other: &Group, merged: &Group) -> bool {
        let places: BTreeSet<usize> = own.chosen.iter().map(|group| group.place).collect();
        let together = other.chosen.iter().any(|group| places.contains(&group.place));
        !together || merged.cut || merged.members.len() > LARGEST || self.stored(merged).len() > 1
    }

    fn takes_no_longer(&self, own: &Group, other: &Group, merged: &Group) -> bool {
        if own.chosen.is_empty() && other.chosen.is_empty() {
            return true;
        }
        let [own, other, merged] = [own, other, merged].map(|group| (self.price)(&group.members, &self.stored(group)));
        match (own, other, merged) {
            (Some(own), Some(other), Some(merged)) => merged <= own + other,
            _ => true,
        }
    }

    /// Those of its operations that others read.
    fn stored(&self, group: &Group) -> Vec<usize> {
        let is_read = |number: &usize| {
            // Another group may compute a reader too, and read from memory what it does not compute.
            let elsewhere = |c: &Chosen| !group.chosen.contains(c) && !self.nodes[*number].chosen.contains(c);
            let reads = |user: &usize| !group.members.contains(user) || self.nodes[*user].chosen.iter().any(elsewhere);
            self.nodes[*number].users.iter().any(reads)
        };
        group.own.iter().copied().filter(is_read).collect()
    }

    /// Whether `to` depends on `from` by way of operations in neither.
    fn has_detour(&self, from: &Group, to: &Group) -> bool {
        let earliest = from.own.first().copied().unwrap_or(0);
        let outside = |members: &BTreeSet<usize>, number: usize| -> Vec<usize> {
            self.nodes[number].producers.iter().copied().filter(|p| !members.contains(p)).collect()
        };
        let mut left: Vec<usize> = to.members.iter().flat_map(|member| outside(&to.members, *member)).collect();
        left.retain(|producer| !from.members.contains(producer));
        let (mut seen, mut entered) = (HashSet::new(), HashSet::new());
        while let Some(next) = left.pop() {
            if from.own.contains(&next) {
                return true;
            }
            if !seen.insert(next) {
                continue;
            }
            let whole = self.of[next].and_then(|slot| Some((slot, self.groups[slot].as_ref()?)));
            match whole {
                Some((slot, _)) if !entered.insert(slot) => {}
                // What ends before the first of `from` cannot depend on it.
                Some((_, group)) if group.members.last() > Some(&earliest) => {
                    left.extend(group.members.iter().flat_map(|member| outside(&group.members, *member)));
                }
                Some(_) => {}
                None if next > earliest => left.extend(&self.nodes[next].producers),
                None => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
