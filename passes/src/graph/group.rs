//! Which operations share a kernel.
//!
//! Elementwise operations join the kernel of the operation that makes their operand where nobody else reads it, so that
//! a chain is computed in one go. A kernel has at most one operation that is not elementwise, its anchor, and exactly
//! one result that leaves it. Groups so formed cannot depend on each other in a circle: whatever leaves a group leaves
//! it through its last operation.

use std::collections::HashMap;

use hwc_dialects::{CostClass, Op};

/// What grouping has to know of one operation of the graph.
pub struct Node {
    pub op: Op,
    /// The operations that make its operands, by number; operands from elsewhere are left out.
    pub producers: Vec<usize>,
    /// The operations that read its results, once per use; `usize::MAX` for a use outside of the graph.
    pub users: Vec<usize>,
    /// Shape of its first result.
    pub shape: Vec<usize>,
    /// Has no kernel: it stays in `main` or is copied into the kernels that read it.
    pub free: bool,
}

/// The group of each operation, by the number of its last one; `None` for operations that are free.
pub fn groups(nodes: &[Node]) -> Vec<Option<usize>> {
    // Each group is known by its last operation, which changes as the group grows.
    let mut group: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut anchored = vec![false; nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        if node.free {
            continue;
        }
        let cost = node.op.info().cost;
        let mut own = vec![number];
        let mut has_anchor = cost != CostClass::Elementwise;
        for &producer in &node.producers {
            let Some(last) = group[producer] else { continue };
            let only_reader = nodes[producer].users.iter().all(|&user| user == number);
            let joins = last == producer
                && only_reader
                && !(has_anchor && anchored[last])
                && match cost {
                    CostClass::Elementwise => nodes[producer].shape == node.shape,
                    // What reads its operand once may compute it on the way.
                    CostClass::Reduction => !anchored[last],
                    _ => false,
                };
            if joins && let Some(joined) = members.remove(&last) {
                has_anchor |= anchored[last];
                own.extend(joined);
            }
        }
        for &member in &own {
            group[member] = Some(number);
        }
        anchored[number] = has_anchor;
        members.insert(number, own);
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: Op, producers: &[usize], users: &[usize]) -> Node {
        Node { op, producers: producers.to_vec(), users: users.to_vec(), shape: vec![4], free: false }
    }

    #[test]
    fn a_chain_joins_its_anchor() {
        let nodes = [node(Op::Matmul, &[], &[1]), node(Op::Add, &[0], &[2]), node(Op::Relu, &[1], &[usize::MAX])];
        assert_eq!(groups(&nodes), [Some(2); 3]);
    }

    #[test]
    fn two_anchors_do_not_meet() {
        let nodes = [node(Op::Matmul, &[], &[2]), node(Op::Matmul, &[], &[2]), node(Op::Add, &[0, 1], &[usize::MAX])];
        assert_eq!(groups(&nodes), [Some(2), Some(1), Some(2)]);
    }

    #[test]
    fn a_value_that_others_read_stays() {
        let nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[2]), node(Op::Add, &[0, 1], &[usize::MAX])];
        assert_eq!(groups(&nodes), [Some(0), Some(2), Some(2)]);
        let nodes = [node(Op::Exp, &[], &[1, usize::MAX]), node(Op::Relu, &[0], &[usize::MAX])];
        assert_eq!(groups(&nodes), [Some(0), Some(1)]);
    }

    #[test]
    fn free_operations_have_no_group() {
        let mut nodes = [node(Op::Constant, &[], &[1]), node(Op::Add, &[0, 0], &[usize::MAX])];
        nodes[0].free = true;
        assert_eq!(groups(&nodes), [None, Some(1)]);
    }
}
