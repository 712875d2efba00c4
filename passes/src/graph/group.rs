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

use std::collections::{HashMap, HashSet};

use hwc_dialects::{CostClass, Op};

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

struct Group {
    kind: Kind,
    members: Vec<usize>,
}

/// The group of each operation, by the number of its last one; `None` for operations that are free.
pub fn groups(nodes: &[Node]) -> Vec<Option<usize>> {
    let mut grouping = Grouping { nodes, of: vec![None; nodes.len()], groups: HashMap::new() };
    for (number, node) in nodes.iter().enumerate().filter(|(_, node)| !node.free) {
        let mut own = Group { kind: node.kind(), members: vec![number] };
        for &producer in &node.producers {
            let Some(last) = grouping.of[producer] else { continue };
            let Some(kind) = grouping.joined(&own, producer, last) else { continue };
            if let Some(other) = grouping.groups.remove(&last) {
                own.kind = kind;
                own.members.extend(other.members);
            }
        }
        for &member in &own.members {
            grouping.of[member] = Some(number);
        }
        grouping.groups.insert(number, own);
    }
    grouping.of
}

impl Node {
    fn kind(&self) -> Kind {
        match (self.op.info().cost, self.rows) {
            (CostClass::Elementwise, _) => Kind::Elementwise(self.elements),
            (_, Some(rows)) => Kind::Rows(rows),
            _ => Kind::Anchored(self.elements),
        }
    }
}

impl Rows {
    /// Whether elementwise operations on so many elements go with these rows.
    pub fn fits(self, elements: usize) -> bool {
        elements == self.count * self.length || elements == self.count
    }
}

struct Grouping<'n> {
    nodes: &'n [Node],
    /// The group of each operation seen so far, by the number of its last one.
    of: Vec<Option<usize>>,
    groups: HashMap<usize, Group>,
}

impl Grouping<'_> {
    /// What `own`, the group of the operation looked at, becomes with the group of a producer; nothing if they stay apart.
    fn joined(&self, own: &Group, producer: usize, last: usize) -> Option<Kind> {
        let other = self.groups.get(&last)?;
        let reader = own.members[0];
        let users = &self.nodes[producer].users;
        let could_join = |n: usize| {
            let could = |user: &usize| self.nodes.get(*user).is_some_and(|node| node.kind() == Kind::Elementwise(n));
            users.iter().all(could)
        };
        let kind = match (own.kind, other.kind) {
            (Kind::Rows(a), Kind::Rows(b)) if a == b => own.kind,
            (Kind::Rows(rows), Kind::Elementwise(n)) | (Kind::Elementwise(n), Kind::Rows(rows)) if rows.fits(n) => {
                Kind::Rows(rows)
            }
            (Kind::Elementwise(a), Kind::Elementwise(b) | Kind::Anchored(b)) if a == b && could_join(a) => other.kind,
            // The operand is written where the border is.
            (Kind::Anchored(_), Kind::Elementwise(_) | Kind::Anchored(_))
                if self.nodes[reader].border && users.iter().all(|&user| user == reader) =>
            {
                own.kind
            }
            (Kind::Anchored(a), Kind::Elementwise(b)) => {
                let joins = match self.nodes[reader].op.info().cost {
                    CostClass::Elementwise => a == b && could_join(a),
                    // What reads its operand once may compute it on the way.
                    CostClass::Reduction => users.iter().all(|&user| user == reader),
                    _ => false,
                };
                joins.then_some(own.kind)?
            }
            _ => return None,
        };
        let (a, b) = (&own.members, &other.members);
        (!self.has_detour(a, b) && !self.has_detour(b, a)).then_some(kind)
    }

    /// Whether `to` depends on `from` by way of operations in neither.
    fn has_detour(&self, from: &[usize], to: &[usize]) -> bool {
        let earliest = from.iter().copied().min().unwrap_or(0);
        let mut seen: HashSet<usize> = HashSet::new();
        let producers = |members: &[usize]| -> Vec<usize> {
            members.iter().flat_map(|m| &self.nodes[*m].producers).copied().collect()
        };
        let mut left: Vec<usize> = producers(to).into_iter().filter(|p| !from.contains(p) && !to.contains(p)).collect();
        while let Some(next) = left.pop() {
            if from.contains(&next) {
                return true;
            }
            if !seen.insert(next) {
                continue;
            }
            let whole = self.of[next].and_then(|last| self.groups.get(&last)).map_or(&[][..], |g| &g.members);
            let whole = if whole.is_empty() { std::slice::from_ref(&next) } else { whole };
            seen.extend(whole);
            // What ends before the first of `from` cannot depend on it.
            if whole.iter().any(|member| *member > earliest) {
                left.extend(producers(whole));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: usize = usize::MAX;
    const ROWS: Rows = Rows { count: 2, length: 4 };

    fn node(op: Op, producers: &[usize], users: &[usize]) -> Node {
        Node {
            op,
            producers: producers.to_vec(),
            users: users.to_vec(),
            elements: 8,
            rows: None,
            border: false,
            free: false,
        }
    }

    /// Makes one element a row of rows of four.
    fn statistic(op: Op, producers: &[usize], users: &[usize]) -> Node {
        let rows = (op.info().cost != CostClass::Elementwise).then_some(ROWS);
        Node { elements: 2, rows, ..node(op, producers, users) }
    }

    #[test]
    fn a_chain_joins_its_anchor() {
        let nodes = [node(Op::Matmul, &[], &[1]), node(Op::Add, &[0], &[2]), node(Op::Relu, &[1], &[OUT])];
        assert_eq!(groups(&nodes), [Some(2); 3]);
    }

    #[test]
    fn two_anchors_do_not_meet() {
        let nodes = [node(Op::Matmul, &[], &[2]), node(Op::Matmul, &[], &[2]), node(Op::Add, &[0, 1], &[OUT])];
        assert_eq!(groups(&nodes), [Some(2), Some(1), Some(2)]);
    }

    #[test]
    fn a_value_that_others_read_stays() {
        let nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[2]), node(Op::Add, &[0, 1], &[OUT])];
        assert_eq!(groups(&nodes), [Some(2); 3], "all readers join");
        let nodes = [node(Op::Exp, &[], &[1, OUT]), node(Op::Relu, &[0], &[OUT])];
        assert_eq!(groups(&nodes), [Some(0), Some(1)]);
        let nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[OUT]), node(Op::Matmul, &[0], &[OUT])];
        assert_eq!(groups(&nodes), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn a_border_joins_what_it_is_put_around() {
        let mut nodes = [node(Op::Conv, &[], &[1]), node(Op::Relu, &[0], &[2]), node(Op::Pad, &[1], &[3])].to_vec();
        nodes[2] = Node { border: true, elements: 12, ..nodes[2].clone() };
        nodes.push(node(Op::Conv, &[2], &[OUT]));
        assert_eq!(groups(&nodes), [Some(2), Some(2), Some(2), Some(3)]);
        // Somebody else reads it without.
        nodes[1].users.push(3);
        assert_eq!(groups(&nodes), [Some(1), Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn free_operations_have_no_group() {
        let mut nodes = [node(Op::Constant, &[], &[1]), node(Op::Add, &[0, 0], &[OUT])];
        nodes[0].free = true;
        assert_eq!(groups(&nodes), [None, Some(1)]);
    }

    #[test]
    fn a_normalization_of_a_sum_that_others_read_is_one_kernel() {
        let nodes = [
            node(Op::Add, &[], &[1, 3, OUT]),
            statistic(Op::ReduceSumSquare, &[0], &[2]),
            statistic(Op::Sqrt, &[1], &[3]),
            node(Op::Div, &[0, 2], &[OUT]),
        ];
        assert_eq!(groups(&nodes), [Some(3); 4]);
        // Rows of another length are another kernel.
        let mut other = nodes;
        other[1].rows = Some(Rows { count: 4, length: 2 });
        assert_eq!(groups(&other)[3], Some(3));
        assert_ne!(groups(&other)[1], Some(3));
    }

    #[test]
    fn a_detour_through_another_kernel_keeps_groups_apart() {
        // The division needs the product, and the product needs the sum.
        let nodes = [
            node(Op::Add, &[], &[1, 2]),
            statistic(Op::ReduceSum, &[0], &[2, 3]),
            node(Op::Matmul, &[0, 1], &[3]),
            node(Op::Div, &[2, 1], &[OUT]),
        ];
        assert_eq!(groups(&nodes), [Some(1), Some(1), Some(3), Some(3)]);
    }
}
