//! Networks over ragged sequences, forwards and backwards.
//!
//! A tape holds what was computed of one batch. Sequences lie one behind the other, so nothing is padded: row `t` of a
//! matrix over tokens belongs to the sequence whose range holds `t`.

use fastrand::Rng;

use super::matrix::{Matrix, Read};

/// A matrix on the tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Var(usize);

enum Op {
    Input,
    /// `x * weight + bias`, parameters by number.
    Linear {
        x: Var,
        weight: usize,
        bias: usize,
    },
    /// Rows of a parameter.
    Rows {
        table: usize,
        ids: Vec<usize>,
    },
    Add(Var, Var),
    Relu(Var),
    /// Each row beside those that stand `dilation` before and behind it in its sequence, zeros where there are none.
    Window {
        x: Var,
        dilation: usize,
    },
    /// `x * (1 + scale) + shift`, both of the row's sequence, from columns of a matrix over sequences.
    Film {
        x: Var,
        by: Var,
        column: usize,
    },
    /// Means over sequences; zeros of empty ones.
    Mean(Var),
    /// Greatest elements over sequences, with the rows they come from; zeros of empty ones.
    Max {
        x: Var,
        from: Vec<usize>,
    },
    /// Columns beside each other.
    Beside(Vec<Var>),
    /// Each element times a factor.
    Drop {
        x: Var,
        factors: Vec<f32>,
    },
}

struct Node {
    op: Op,
    value: Matrix,
}

/// What was computed of a batch.
pub(crate) struct Tape<'p> {
    parameters: &'p [Matrix],
    /// First token of each sequence, and how many tokens there are.
    starts: &'p [usize],
    nodes: Vec<Node>,
    /// What decides what is dropped, and the share of it; nothing is without.
    dropped: Option<(Rng, f32)>,
}

/// No row: of an empty sequence.
const NOWHERE: usize = usize::MAX;

impl<'p> Tape<'p> {
    pub fn new(parameters: &'p [Matrix], starts: &'p [usize]) -> Tape<'p> {
        Tape { parameters, starts, nodes: vec![], dropped: None }
    }

    /// For training: a share of the elements is dropped.
    pub fn dropping(self, seed: u64, share: f32) -> Tape<'p> {
        Tape { dropped: Some((Rng::with_seed(seed), share)), ..self }
    }

    pub fn value(&self, var: Var) -> &Matrix {
        &self.nodes[var.0].value
    }

    fn push(&mut self, op: Op, value: Matrix) -> Var {
        self.nodes.push(Node { op, value });
        Var(self.nodes.len() - 1)
    }

    fn sequences(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + use<'p> {
        self.starts.windows(2).map(|pair| pair[0]..pair[1]).enumerate()
    }

    pub fn input(&mut self, value: Matrix) -> Var {
        self.push(Op::Input, value)
    }

    pub fn linear(&mut self, x: Var, weight: usize, bias: usize) -> Var {
        let (input, weights) = (self.value(x), &self.parameters[weight]);
        let data = self.parameters[bias].data.repeat(input.rows);
        let mut value = Matrix::new(input.rows, weights.cols, data);
        value.add_product(Read::Plain(input), Read::Plain(weights));
        self.push(Op::Linear { x, weight, bias }, value)
    }

    pub fn rows(&mut self, table: usize, ids: Vec<usize>) -> Var {
        let from = &self.parameters[table];
        let data = ids.iter().flat_map(|id| from.row(*id)).copied().collect();
        let value = Matrix::new(ids.len(), from.cols, data);
        self.push(Op::Rows { table, ids }, value)
    }

    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let mut value = self.value(a).clone();
        value.add(self.value(b));
        self.push(Op::Add(a, b), value)
    }

    pub fn relu(&mut self, x: Var) -> Var {
        let input = self.value(x);
        let value = Matrix::new(input.rows, input.cols, input.data.iter().map(|x| x.max(0.0)).collect());
        self.push(Op::Relu(x), value)
    }

    /// In training, makes some of the elements zero and the others larger, so that means stay.
    ///
    /// Srivastava et al.: Dropout: a simple way to prevent neural networks from overfitting (2014).
    pub fn drop(&mut self, x: Var) -> Var {
        let Some((rng, share)) = &mut self.dropped else { return x };
        let input = &self.nodes[x.0].value;
        let factors: Vec<f32> =
            input.data.iter().map(|_| if rng.f32() < *share { 0.0 } else { 1.0 / (1.0 - *share) }).collect();
        let data = input.data.iter().zip(&factors).map(|(x, factor)| x * factor).collect();
        let value = Matrix::new(input.rows, input.cols, data);
        self.push(Op::Drop { x, factors }, value)
    }

    pub fn window(&mut self, x: Var, dilation: usize) -> Var {
        let input = self.value(x);
        let mut value = Matrix::zeros(input.rows, 3 * input.cols);
        for (_, range) in self.sequences() {
            for t in range.clone() {
                for (part, from) in neighbours(t, dilation, &range) {
                    let columns = part * input.cols..(part + 1) * input.cols;
                    value.row_mut(t)[columns].copy_from_slice(input.row(from));
                }
            }
        }
        self.push(Op::Window { x, dilation }, value)
    }

    pub fn film(&mut self, x: Var, by: Var, column: usize) -> Var {
        let (mut value, by_value) = (self.value(x).clone(), self.value(by));
        let width = value.cols;
        for (sequence, range) in self.sequences() {
            let (scale, shift) = by_value.row(sequence)[column..column + 2 * width].split_at(width);
            for t in range {
                let row = value.row_mut(t);
                for ((x, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
                    *x = *x * (1.0 + scale) + shift;
                }
            }
        }
        self.push(Op::Film { x, by, column }, value)
    }

    pub fn mean(&mut self, x: Var) -> Var {
        let input = self.value(x);
        let mut value = Matrix::zeros(self.starts.len() - 1, input.cols);
        for (sequence, range) in self.sequences() {
            let share = 1.0 / range.len().max(1) as f32;
            let row = value.row_mut(sequence);
            for t in range {
                row.iter_mut().zip(input.row(t)).for_each(|(sum, x)| *sum += x * share);
            }
        }
        self.push(Op::Mean(x), value)
    }

    pub fn max(&mut self, x: Var) -> Var {
        let input = self.value(x);
        let mut value = Matrix::zeros(self.starts.len() - 1, input.cols);
        let mut from = vec![NOWHERE; value.data.len()];
        for (sequence, range) in self.sequences() {
            let from = &mut from[sequence * input.cols..(sequence + 1) * input.cols];
            let row = value.row_mut(sequence);
            for t in range {
                for ((greatest, from), x) in row.iter_mut().zip(&mut *from).zip(input.row(t)) {
                    if *from == NOWHERE || x > greatest {
                        (*greatest, *from) = (*x, t);
                    }
                }
            }
        }
        self.push(Op::Max { x, from }, value)
    }

    pub fn beside(&mut self, parts: &[Var]) -> Var {
        let rows = parts.first().map_or(0, |first| self.value(*first).rows);
        let values: Vec<&Matrix> = parts.iter().map(|part| self.value(*part)).collect();
        let cols = values.iter().map(|value| value.cols).sum();
        let data = (0..rows).flat_map(|row| values.iter().flat_map(move |value| value.row(row))).copied().collect();
        let value = Matrix::new(rows, cols, data);
        self.push(Op::Beside(parts.to_vec()), value)
    }

    /// Adds to the parameters' gradients what follows from the gradient of a matrix.
    pub fn backward(&self, of: Var, gradient: Matrix, gradients: &mut [Matrix]) {
        let mut pending: Vec<Option<Matrix>> = self.nodes.iter().map(|_| None).collect();
        pending[of.0] = Some(gradient);
        for number in (0..=of.0).rev() {
            if let Some(gradient) = pending[number].take() {
                self.step(&self.nodes[number], gradient, &mut pending, gradients);
            }
        }
    }

    fn step(&self, node: &Node, mut gradient: Matrix, pending: &mut [Option<Matrix>], gradients: &mut [Matrix]) {
        match &node.op {
            Op::Input => {}
            Op::Linear { x, weight, bias } => {
                let input = self.value(*x);
                gradients[*weight].add_product(Read::Transposed(input), Read::Plain(&gradient));
                for row in 0..gradient.rows {
                    let sums = gradients[*bias].data.iter_mut();
                    sums.zip(gradient.row(row)).for_each(|(sum, g)| *sum += g);
                }
                if !matches!(self.nodes[x.0].op, Op::Input) {
                    let mut back = Matrix::zeros(input.rows, input.cols);
                    back.add_product(Read::Plain(&gradient), Read::Transposed(&self.parameters[*weight]));
                    give(pending, *x, back);
                }
            }
            Op::Rows { table, ids } => {
                for (row, id) in ids.iter().enumerate() {
                    let sums = gradients[*table].row_mut(*id).iter_mut();
                    sums.zip(gradient.row(row)).for_each(|(sum, g)| *sum += g);
                }
            }
            Op::Add(a, b) => {
                give(pending, *a, gradient.clone());
                give(pending, *b, gradient);
            }
            Op::Relu(x) => {
                for (g, y) in gradient.data.iter_mut().zip(&node.value.data) {
                    *g = if *y > 0.0 { *g } else { 0.0 };
                }
                give(pending, *x, gradient);
            }
            Op::Drop { x, factors } => {
                gradient.data.iter_mut().zip(factors).for_each(|(g, factor)| *g *= factor);
                give(pending, *x, gradient);
            }
            Op::Window { x, dilation } => {
                let input = self.value(*x);
                let mut back = Matrix::zeros(input.rows, input.cols);
                for (_, range) in self.sequences() {
                    for t in range.clone() {
                        for (part, from) in neighbours(t, *dilation, &range) {
                            let parts = &gradient.row(t)[part * input.cols..(part + 1) * input.cols];
                            back.row_mut(from).iter_mut().zip(parts).for_each(|(sum, g)| *sum += g);
                        }
                    }
                }
                give(pending, *x, back);
            }
            Op::Film { x, by, column } => self.step_film(*x, *by, *column, gradient, pending),
            Op::Mean(x) => {
                let input = self.value(*x);
                let mut back = Matrix::zeros(input.rows, input.cols);
                for (sequence, range) in self.sequences() {
                    let share = 1.0 / range.len().max(1) as f32;
                    for t in range {
                        let row = back.row_mut(t).iter_mut();
                        row.zip(gradient.row(sequence)).for_each(|(to, g)| *to = g * share);
                    }
                }
                give(pending, *x, back);
            }
            Op::Max { x, from } => {
                let input = self.value(*x);
                let mut back = Matrix::zeros(input.rows, input.cols);
                for (place, (from, g)) in from.iter().zip(&gradient.data).enumerate() {
                    if *from != NOWHERE {
                        back.row_mut(*from)[place % input.cols] += g;
                    }
                }
                give(pending, *x, back);
            }
            Op::Beside(parts) => {
                let mut column = 0;
                for part in parts {
                    let cols = self.value(*part).cols;
                    let of_row = |row| &gradient.row(row)[column..column + cols];
                    let data = (0..gradient.rows).flat_map(of_row).copied().collect();
                    give(pending, *part, Matrix::new(gradient.rows, cols, data));
                    column += cols;
                }
            }
        }
    }

    fn step_film(&self, x: Var, by: Var, column: usize, mut gradient: Matrix, pending: &mut [Option<Matrix>]) {
        let (input, by_value) = (self.value(x), self.value(by));
        let width = input.cols;
        let mut back = Matrix::zeros(by_value.rows, by_value.cols);
        for (sequence, range) in self.sequences() {
            let scales = &by_value.row(sequence)[column..column + width];
            let (to_scale, to_shift) = back.row_mut(sequence)[column..column + 2 * width].split_at_mut(width);
            for t in range {
                for (i, (g, x)) in gradient.row_mut(t).iter_mut().zip(input.row(t)).enumerate() {
                    to_scale[i] += *g * x;
                    to_shift[i] += *g;
                    *g *= 1.0 + scales[i];
                }
            }
        }
        give(pending, by, back);
        give(pending, x, gradient);
    }
}

/// The rows that a window holds: which part of it, and which row.
fn neighbours(
    t: usize,
    dilation: usize,
    range: &std::ops::Range<usize>,
) -> impl Iterator<Item = (usize, usize)> + use<> {
    let before = t.checked_sub(dilation).filter(|from| *from >= range.start);
    let behind = Some(t + dilation).filter(|from| *from < range.end);
    [before, Some(t), behind].into_iter().enumerate().filter_map(|(part, from)| from.map(|from| (part, from)))
}

fn give(pending: &mut [Option<Matrix>], to: Var, gradient: Matrix) {
    match &mut pending[to.0] {
        Some(sum) => sum.add(&gradient),
        empty => *empty = Some(gradient),
    }
}
