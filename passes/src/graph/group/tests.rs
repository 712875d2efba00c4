use super::*;

/// The group of each operation, by the number of its last one, where none is chosen beforehand.
fn grouped(nodes: &[Node]) -> Vec<Option<usize>> {
    let mut of = vec![None; nodes.len()];
    for group in groups(nodes, &|_, _| None) {
        group.members.iter().for_each(|member| of[*member] = group.members.last().copied());
    }
    of
}

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
        chosen: vec![],
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
    assert_eq!(grouped(&nodes), [Some(2); 3]);
}

#[test]
fn two_anchors_do_not_meet() {
    let nodes = [node(Op::Matmul, &[], &[2]), node(Op::Matmul, &[], &[2]), node(Op::Add, &[0, 1], &[OUT])];
    assert_eq!(grouped(&nodes), [Some(2), Some(1), Some(2)]);
}

#[test]
fn a_value_that_others_read_stays() {
    let nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[2]), node(Op::Add, &[0, 1], &[OUT])];
    assert_eq!(grouped(&nodes), [Some(2); 3], "all readers join");
    let nodes = [node(Op::Exp, &[], &[1, OUT]), node(Op::Relu, &[0], &[OUT])];
    assert_eq!(grouped(&nodes), [Some(0), Some(1)]);
    let nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[OUT]), node(Op::Matmul, &[0], &[OUT])];
    assert_eq!(grouped(&nodes), [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_border_joins_what_it_is_put_around() {
    let mut nodes = [node(Op::Conv, &[], &[1]), node(Op::Relu, &[0], &[2]), node(Op::Pad, &[1], &[3])].to_vec();
    nodes[2] = Node { border: true, elements: 12, ..nodes[2].clone() };
    nodes.push(node(Op::Conv, &[2], &[OUT]));
    assert_eq!(grouped(&nodes), [Some(2), Some(2), Some(2), Some(3)]);
    // Somebody else reads it without.
    nodes[1].users.push(3);
    assert_eq!(grouped(&nodes), [Some(1), Some(1), Some(2), Some(3)]);
}

#[test]
fn free_operations_have_no_group() {
    let mut nodes = [node(Op::Constant, &[], &[1]), node(Op::Add, &[0, 0], &[OUT])];
    nodes[0].free = true;
    assert_eq!(grouped(&nodes), [None, Some(1)]);
}

#[test]
fn a_normalization_of_a_sum_that_others_read_is_one_kernel() {
    let nodes = [
        node(Op::Add, &[], &[1, 3, OUT]),
        statistic(Op::ReduceSumSquare, &[0], &[2]),
        statistic(Op::Sqrt, &[1], &[3]),
        node(Op::Div, &[0, 2], &[OUT]),
    ];
    assert_eq!(grouped(&nodes), [Some(3); 4]);
    // Rows of another length are another kernel.
    let mut other = nodes;
    other[1].rows = Some(Rows { count: 4, length: 2 });
    assert_eq!(grouped(&other)[3], Some(3));
    assert_ne!(grouped(&other)[1], Some(3));
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
    assert_eq!(grouped(&nodes), [Some(1), Some(1), Some(3), Some(3)]);
}

fn chosen(place: usize, class: usize) -> Chosen {
    Chosen { place, part: 0, class }
}

/// The members of each group.
fn members(nodes: &[Node], price: Price) -> Vec<Vec<usize>> {
    groups(nodes, price).iter().map(|group| group.members.iter().copied().collect()).collect()
}

/// An exponential that is read by two others.
fn fork(groups: [&[Chosen]; 3]) -> Vec<Node> {
    let mut nodes = [node(Op::Exp, &[], &[1, 2]), node(Op::Relu, &[0], &[OUT]), node(Op::Abs, &[0], &[OUT])].to_vec();
    nodes.iter_mut().zip(groups).for_each(|(node, groups)| node.chosen = groups.to_vec());
    nodes
}

#[test]
fn chosen_groups_stay_unless_several_values_make_a_difference() {
    let [a, b, c] = [0, 1, 2].map(|class| chosen(0, class));
    let known = |time: f64| move |members: &BTreeSet<usize>, _: &[usize]| Some((members.len() as f64).powf(time));
    // It is computed twice, or once for both.
    let twice = fork([&[b, c], &[b], &[c]]);
    assert_eq!(members(&twice, &known(2.0)), [vec![0, 1], vec![0, 2]]);
    assert_eq!(members(&twice, &known(1.0)), [vec![0, 1, 2]]);
    let once = fork([&[a], &[b], &[c]]);
    assert_eq!(members(&once, &known(2.0)), [vec![0], vec![1], vec![2]]);
    assert_eq!(members(&once, &known(1.0)), [vec![0, 1, 2]]);
}

#[test]
fn what_was_weighed_when_groups_were_chosen_is_not_weighed_again() {
    let chain = |first: Chosen, second: Chosen| {
        let mut nodes = [node(Op::Exp, &[], &[1]), node(Op::Relu, &[0], &[OUT])];
        nodes.iter_mut().zip([first, second]).for_each(|(node, group)| node.chosen = vec![group]);
        nodes
    };
    assert_eq!(members(&chain(chosen(0, 0), chosen(0, 1)), &|_, _| None), [vec![0], vec![1]]);
    // Parts of the graph are cut anywhere.
    assert_eq!(members(&chain(chosen(0, 0), chosen(1, 1)), &|_, _| None), [vec![0, 1]]);
    let mut added = chain(chosen(0, 0), chosen(0, 1));
    added[1].chosen.clear();
    assert_eq!(members(&added, &|_, _| None), [vec![0, 1]]);
}

#[test]
fn a_group_that_needs_itself_is_taken_apart() {
    // A product has come between two operations of a group.
    let mut nodes = [node(Op::Exp, &[], &[1]), node(Op::Matmul, &[0], &[2]), node(Op::Relu, &[1], &[OUT])];
    nodes[0].chosen = vec![chosen(0, 0)];
    nodes[2].chosen = vec![chosen(0, 0)];
    assert_eq!(members(&nodes, &|_, _| None), [vec![0], vec![1, 2]]);
}
