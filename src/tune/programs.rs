//! Random programs to measure: one operation that gives a kernel its class, and some elementwise work before and after it.

use fastrand::Rng;

/// How large a program may be.
struct Limits {
    /// Operations that it computes at most.
    work: i64,
    /// Elements of one of its tensors at most.
    elements: i64,
    /// Sizes that are drawn between bounds are at least so far from the lower one, on a logarithmic scale.
    from: f64,
}

/// What caches hold, in most cases.
const SMALL: Limits = Limits { work: 400_000_000, elements: 1 << 21, from: 0.0 };
/// What memory's bandwidth decides on, where little is computed with each element.
const LARGE: Limits = Limits { work: 2_000_000_000, elements: 3 << 22, from: 0.5 };
/// Of so many programs, one is large.
const LARGE_ONE_OF: u8 = 4;

/// A graph as MLIR, all of whose sizes are known; the same for the same numbers, on every machine.
pub fn program(seed: u64, number: u64) -> String {
    let mut rng = generator(seed, number);
    let limits = if rng.u8(0..LARGE_ONE_OF) == 0 { LARGE } else { SMALL };
    let mut graph = Graph { rng, limits, arguments: vec![], body: vec![] };
    let total = ANCHORS.iter().map(|(weight, _)| weight).sum();
    let mut left = graph.rng.u32(0..total);
    let chosen = ANCHORS.iter().find(|(weight, _)| {
        let found = left < *weight;
        left = left.saturating_sub(*weight);
        found
    });
    // The weights' sum is above what is drawn.
    let anchor = chosen.map_or(elementwise as Anchor, |(_, anchor)| *anchor);
    let value = anchor(&mut graph);
    let value = graph.chain(value, 4);
    graph.text(&value)
}

/// What is drawn for a program, whatever was drawn for others.
pub fn generator(seed: u64, number: u64) -> Rng {
    let hash = blake3::hash(&[seed.to_le_bytes(), number.to_le_bytes()].concat());
    Rng::with_seed(hash.as_bytes()[..8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

type Anchor = fn(&mut Graph) -> Value;

/// How often programs are made around what.
const ANCHORS: &[(u32, Anchor)] = &[
    (26, product),
    (10, batched_product),
    (18, convolution),
    (9, depthwise),
    (8, reduction),
    (8, normalization),
    (6, softmax),
    (12, elementwise),
    (8, transposition),
    (4, gather),
    (4, pooling),
    (3, concatenation),
];

const UNARY: &[&str] = &[
    "relu",
    "gelu",
    "tanh",
    "sigmoid",
    "hard_swish",
    "hard_sigmoid",
    "exp",
    "sqrt",
    "abs",
    "neg",
    "erf",
    "softplus",
    "swish",
    "floor",
    "reciprocal",
    "sin",
    "log",
    "elu",
    "mish",
    "softsign",
];
const BINARY: &[&str] = &["add", "mul", "sub", "max", "min", "div"];
const REDUCTIONS: &[&str] = &["sum", "max", "mean", "min", "l2", "sum_square", "l1", "log_sum_exp"];

fn product(graph: &mut Graph) -> Value {
    let sizes = [graph.size(1, 1024), graph.size(1, 2048), graph.size(1, 2048)];
    let [m, n, k] = graph.limited(sizes, |[m, n, k]| (2 * m * n * k, [m * k, k * n, m * n]));
    let left = graph.input(&[m, k]);
    let right = graph.weights(&[k, n]);
    let value = graph.apply("matmul", &[&left, &right], "", &[m, n]);
    graph.bias(value, &[n])
}

fn batched_product(graph: &mut Graph) -> Value {
    let sizes = [graph.size(2, 64), graph.size(1, 512), graph.size(1, 512), graph.size(1, 256)];
    let makes = |[b, m, n, k]: [i64; 4]| (2 * b * m * n * k, [b * m * k, b * k * n, b * m * n]);
    let [b, m, n, k] = graph.limited(sizes, makes);
    let left = graph.input(&[b, m, k]);
    let right = if graph.rng.bool() {
        graph.input(&[b, k, n])
    } else {
        let right = graph.input(&[b, n, k]);
        graph.apply("transpose", &[&right], "permutation = array<i64: 0, 2, 1>", &[b, k, n])
    };
    graph.apply("matmul", &[&left, &right], "", &[b, m, n])
}

/// Sides of a filter, with how often they are drawn.
const FILTERS: &[i64] = &[1, 1, 1, 3, 3, 3, 3, 5, 7];

fn convolution(graph: &mut Graph) -> Value {
    let filter = graph.pick(FILTERS);
    let stride = if graph.rng.u8(0..4) == 0 { 2 } else { 1 };
    let sizes = [graph.size(4, 112), graph.size(1, 512), graph.size(1, 512)];
    let [side, channels, features] = graph.limited(sizes, |[side, channels, features]| {
        let (image, result) = (side * side, side * side / (stride * stride));
        let filters = channels * features * filter * filter;
        (2 * result * filters, [image * channels, result * features, filters])
    });
    let image = graph.input(&[1, channels, side, side]);
    let filters = graph.constant(&[features, channels, filter, filter]);
    convolve(graph, &image, &filters, [filter, stride, 1])
}

fn depthwise(graph: &mut Graph) -> Value {
    let filter = graph.pick(&[3, 3, 5, 7]);
    let stride = if graph.rng.u8(0..3) == 0 { 2 } else { 1 };
    let sizes = [graph.size(4, 112), graph.size(1, 768)];
    let [side, channels] = graph.limited(sizes, image);
    let image = graph.input(&[1, channels, side, side]);
    let filters = graph.constant(&[channels, 1, filter, filter]);
    convolve(graph, &image, &filters, [filter, stride, channels])
}

/// A convolution that keeps the size of the image but for its stride.
fn convolve(graph: &mut Graph, image: &Value, filters: &Value, [filter, stride, groups]: [i64; 3]) -> Value {
    let (side, features) = (image.shape[2], filters.shape[0]);
    let pad = filter / 2;
    let out = (side + 2 * pad - filter) / stride + 1;
    let attributes = format!(
        "group = {groups} : i64, pads = array<i64: {pad}, {pad}, {pad}, {pad}>, strides = array<i64: {stride}, {stride}>"
    );
    let value = graph.apply("conv", &[image, filters], &attributes, &[1, features, out, out]);
    graph.bias(value, &[features, 1, 1])
}

fn rows_and_columns(graph: &mut Graph) -> [i64; 2] {
    let sizes = [graph.size(1, 4096), graph.size(2, 4096)];
    graph.limited(sizes, |[rows, columns]| (0, [rows * columns]))
}

fn reduction(graph: &mut Graph) -> Value {
    let [rows, columns] = rows_and_columns(graph);
    let value = graph.input(&[rows, columns]);
    let value = graph.chain(value, 2);
    let kind = graph.pick(REDUCTIONS);
    if graph.rng.u8(0..3) == 0 { graph.reduce(kind, &value, 0) } else { graph.reduce(kind, &value, 1) }
}

fn normalization(graph: &mut Graph) -> Value {
    let [rows, columns] = rows_and_columns(graph);
    let value = graph.input(&[rows, columns]);
    let value = graph.chain(value, 2);
    let shape = [rows, columns];
    match graph.rng.u8(0..4) {
        0 | 1 => {
            let name = if graph.rng.bool() { "layer_normalization" } else { "rms_normalization" };
            let scale = graph.weights(&[columns]);
            graph.apply(name, &[&value, &scale], "", &shape)
        }
        2 => {
            let kind = graph.pick(REDUCTIONS);
            let total = graph.reduce(kind, &value, 1);
            let name = graph.pick(BINARY);
            graph.apply(name, &[&value, &total], "", &shape)
        }
        _ => {
            let mean = graph.reduce("mean", &value, 1);
            let centred = graph.apply("sub", &[&value, &mean], "", &shape);
            let kind = graph.pick(&["sum_square", "l2", "l1", "max"]);
            let spread = graph.reduce(kind, &centred, 1);
            graph.apply("div", &[&centred, &spread], "", &shape)
        }
    }
}

fn softmax(graph: &mut Graph) -> Value {
    let [rows, columns] = rows_and_columns(graph);
    let value = graph.input(&[rows, columns]);
    let value = graph.chain(value, 2);
    let name = if graph.rng.u8(0..4) == 0 { "log_softmax" } else { "softmax" };
    graph.apply(name, &[&value], "axis = 1 : i64", &[rows, columns])
}

fn elementwise(graph: &mut Graph) -> Value {
    let rank = graph.rng.usize(1..4);
    let shape = graph.shape(rank, 2048);
    let value = graph.input(&shape);
    let value = graph.unary(&value);
    graph.chain(value, 3)
}

fn transposition(graph: &mut Graph) -> Value {
    let rank = graph.rng.usize(2..5);
    let shape = graph.shape(rank, 1024);
    let value = graph.input(&shape);
    let mut order: Vec<usize> = (0..rank).collect();
    graph.rng.shuffle(&mut order);
    if order.is_sorted() {
        order.reverse();
    }
    let result: Vec<i64> = order.iter().map(|axis| shape[*axis]).collect();
    graph.apply("transpose", &[&value], &format!("permutation = array<i64: {}>", list(&order)), &result)
}

fn gather(graph: &mut Graph) -> Value {
    let [rows, columns] = rows_and_columns(graph);
    let count = graph.size(1, 512).min(graph.limits.elements / columns.max(rows));
    let table = graph.weights(&[rows, columns]);
    let places = graph.argument(&[count], "i64");
    let axis = graph.rng.usize(0..2);
    let shape = if axis == 0 { [count, columns] } else { [rows, count] };
    graph.apply("gather", &[&table, &places], &format!("axis = {axis} : i64"), &shape)
}

fn pooling(graph: &mut Graph) -> Value {
    let (window, stride) = graph.pick(&[(2, 2), (3, 2), (3, 1), (5, 1)]);
    let sizes = [graph.size(window, 112), graph.size(1, 512)];
    let [side, channels] = graph.limited(sizes, image);
    let side = side.max(window);
    let out = (side - window) / stride + 1;
    let image = graph.input(&[1, channels, side, side]);
    let name = if graph.rng.bool() { "max_pool" } else { "average_pool" };
    let attributes = format!("kernel = array<i64: {window}, {window}>, strides = array<i64: {stride}, {stride}>");
    graph.apply(name, &[&image], &attributes, &[1, channels, out, out])
}

fn concatenation(graph: &mut Graph) -> Value {
    let [rows, columns] = rows_and_columns(graph);
    let others = graph.size(1, 512).min(graph.limits.elements / rows);
    let (left, right) = (graph.input(&[rows, columns]), graph.input(&[rows, others]));
    let (left, right) = (graph.unary(&left), graph.unary(&right));
    graph.apply("concat", &[&left, &right], "axis = 1 : i64", &[rows, columns + others])
}

/// What is made of a square image of many channels: no more than its elements.
fn image([side, channels]: [i64; 2]) -> (i64, [i64; 1]) {
    (0, [side * side * channels])
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// A value of the graph.
struct Value {
    name: String,
    shape: Vec<i64>,
    element: &'static str,
}

impl Value {
    fn ty(&self) -> String {
        let sizes: String = self.shape.iter().map(|size| format!("{size}x")).collect();
        format!("tensor<{sizes}{}>", self.element)
    }
}

/// A graph while it is written.
struct Graph {
    rng: Rng,
    limits: Limits,
    arguments: Vec<String>,
    body: Vec<String>,
}

impl Graph {
    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(0..all.len())]
    }

    /// A size from `low` to `high`: about as many between 10 and 20 as between 100 and 200. Real models have multiples of
    /// powers of two, and what divides nothing is where schedules differ most.
    fn size(&mut self, low: i64, high: i64) -> i64 {
        let (least, most) = ((low as f64).ln(), (high as f64).ln());
        let from = least + self.limits.from * (most - least);
        let size = (from + self.rng.f64() * (most - from)).exp().round() as i64;
        let size = match self.rng.u8(0..10) {
            0..3 => (size + 15) / 16 * 16,
            3 => (size + 7) / 8 * 8,
            4 | 5 => (size.unsigned_abs().next_power_of_two()) as i64,
            6 => (size..).find(|size| is_prime(*size)).unwrap_or(size),
            _ => size,
        };
        size.clamp(low, high)
    }

    /// Sizes of which the largest are halved until what is made of them, operations and elements of tensors, is within limits.
    fn limited<const N: usize, const M: usize>(
        &self,
        mut sizes: [i64; N],
        makes: impl Fn([i64; N]) -> (i64, [i64; M]),
    ) -> [i64; N] {
        loop {
            let (work, elements) = makes(sizes);
            let fits = work <= self.limits.work && elements.iter().all(|elements| *elements <= self.limits.elements);
            match sizes.iter_mut().max() {
                Some(largest) if !fits && *largest > 1 => *largest /= 2,
                _ => return sizes,
            }
        }
    }

    /// Up to four sizes of one tensor.
    fn shape(&mut self, rank: usize, most: i64) -> Vec<i64> {
        let sizes = std::array::from_fn(|axis| if axis < rank { self.size(1, most) } else { 1 });
        let sizes: [i64; 4] = self.limited(sizes, |sizes| (0, [sizes.iter().product()]));
        sizes[..rank].to_vec()
    }

    fn argument(&mut self, shape: &[i64], element: &'static str) -> Value {
        let value = Value { name: format!("%a{}", self.arguments.len()), shape: shape.to_vec(), element };
        self.arguments.push(format!("{}: {}", value.name, value.ty()));
        value
    }

    fn input(&mut self, shape: &[i64]) -> Value {
        self.argument(shape, "f32")
    }

    /// What is the same in each call, one time; else what is not.
    fn weights(&mut self, shape: &[i64]) -> Value {
        if self.rng.u8(0..3) > 0 { self.constant(shape) } else { self.input(shape) }
    }

    fn constant(&mut self, shape: &[i64]) -> Value {
        let value = Value { name: format!("%{}", self.body.len()), shape: shape.to_vec(), element: "f32" };
        let number = f64::from(self.rng.u32(1..16)) / 16.0;
        self.body.push(format!("{} = hwc.constant dense<{number:?}> : {}", value.name, value.ty()));
        value
    }

    fn apply(&mut self, operation: &str, operands: &[&Value], attributes: &str, shape: &[i64]) -> Value {
        let value = Value { name: format!("%{}", self.body.len()), shape: shape.to_vec(), element: "f32" };
        let names: Vec<&str> = operands.iter().map(|operand| operand.name.as_str()).collect();
        let types: Vec<String> = operands.iter().map(|operand| operand.ty()).collect();
        let attributes = if attributes.is_empty() { String::new() } else { format!(" {{{attributes}}}") };
        self.body.push(format!(
            "{} = hwc.{operation} {}{attributes} : ({}) -> {}",
            value.name,
            names.join(", "),
            types.join(", "),
            value.ty()
        ));
        value
    }

    fn reduce(&mut self, kind: &str, value: &Value, axis: usize) -> Value {
        let mut result = Value { name: format!("%{}", self.body.len()), shape: value.shape.clone(), element: "f32" };
        result.shape[axis] = 1;
        let (from, to) = (value.ty(), result.ty());
        self.body.push(format!("{} = hwc.reduce_{kind} {} over [{axis}] : ({from}) -> {to}", result.name, value.name));
        result
    }

    fn unary(&mut self, value: &Value) -> Value {
        let name = self.pick(UNARY);
        self.apply(name, &[value], "", &value.shape.clone())
    }

    /// One time of two, a sum with what is the same for all others of the value's elements.
    fn bias(&mut self, value: Value, shape: &[i64]) -> Value {
        if self.rng.bool() {
            return value;
        }
        let bias = self.weights(shape);
        self.apply("add", &[&value, &bias], "", &value.shape.clone())
    }

    /// Up to so many elementwise operations.
    fn chain(&mut self, mut value: Value, most: usize) -> Value {
        for _ in 0..self.rng.usize(0..=most) {
            value = if self.rng.u8(0..3) > 0 { self.unary(&value) } else { self.binary(&value) };
        }
        value
    }

    fn binary(&mut self, value: &Value) -> Value {
        let shape = value.shape.clone();
        let other = match self.rng.u8(0..4) {
            0 => self.constant(&[]),
            1 => self.weights(&shape[shape.len() - 1..]),
            _ => self.input(&shape),
        };
        let name = self.pick(BINARY);
        self.apply(name, &[value, &other], "", &shape)
    }

    fn text(&self, result: &Value) -> String {
        let (arguments, body, ty) = (self.arguments.join(", "), self.body.join("\n  "), result.ty());
        format!("func.func @main({arguments}) -> {ty} {{\n  {body}\n  return {} : {ty}\n}}\n", result.name)
    }
}

fn is_prime(number: i64) -> bool {
    number > 1 && (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| number % divisor != 0)
}
