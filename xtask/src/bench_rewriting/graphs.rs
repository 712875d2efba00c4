//! The graphs of TENSAT (Yang et al., MLSys 2021), with a batch of one: sizes and connections are those of its authors,
//! and of the models' own papers where TENSAT reads a file.

use super::text::{Graph, Padding, Then, Value, Window};
use Then::{Nothing, Relu};

/// What makes the text of a graph.
pub type Make = fn() -> String;

/// The names of all graphs, and how they are made.
pub const GRAPHS: &[(&str, Make)] = &[
    ("bert", || bert(8, 64, 16)),
    ("nasrnn", || nasrnn(5, 512)),
    ("squeezenet", || squeezenet(224)),
    ("resnext50", || resnext(224)),
    ("vgg19", || vgg(224)),
    ("inception-v3", || inception(299)),
    ("nasnet-a", || nasnet(224)),
];

/// The same at sizes that compile in a moment.
pub const SMALL: &[(&str, Make)] =
    &[("bert", || bert(2, 64, 1)), ("nasrnn", || nasrnn(2, 8)), ("squeezenet", || squeezenet(64))];

/// Layers of attention, each of which hands on a product of its input rather than what it attends to; so its authors
/// define it, without softmax or a second product.
fn bert(layers: usize, sequence: usize, heads: usize) -> String {
    let mut g = Graph::default();
    let (width, depth) = (heads * 64, 64);
    let input = g.input(&[sequence, width]);
    let mut x = g.relu(&input);
    let mut results = vec![];
    for _ in 0..layers {
        let [q, k, v] = [(); 3].map(|()| {
            let product = g.dense(&x, width);
            let split = g.reshape(&product, &[sequence, heads, depth]);
            g.transpose(&split, &[1, 0, 2])
        });
        // The keys are not transposed, which asks for as many words as numbers in a head.
        let scores = g.matmul(&q, &k);
        let attended = g.matmul(&scores, &v);
        let joined = g.transpose(&attended, &[1, 0, 2]);
        results.push(g.reshape(&joined, &[sequence, width]));
        x = g.dense(&x, width);
    }
    results.push(x);
    g.text(&results)
}

fn nasrnn(length: usize, width: usize) -> String {
    let mut g = Graph::default();
    let inputs: Vec<Value> = (0..length).map(|_| g.input(&[1, width])).collect();
    let mut state = g.weight(&[1, width], 2);
    for x in &inputs {
        let gates: Vec<Value> = (0..8)
            .map(|_| {
                let (new, old) = (g.dense(x, width), g.dense(&state, width));
                g.add(&new, &old)
            })
            .collect();
        let pair = |g: &mut Graph, join: &str, (f, a): (&str, &Value), (h, b): (&str, &Value)| {
            let (a, b) = (g.map(f, &[a]), g.map(h, &[b]));
            g.map(join, &[&a, &b])
        };
        let a = pair(&mut g, "add", ("relu", &gates[0]), ("sigmoid", &gates[3]));
        let b = pair(&mut g, "add", ("sigmoid", &gates[1]), ("tanh", &gates[2]));
        let c = pair(&mut g, "mul", ("sigmoid", &gates[4]), ("tanh", &gates[5]));
        let d = pair(&mut g, "mul", ("sigmoid", &gates[6]), ("relu", &gates[7]));
        let e = pair(&mut g, "add", ("sigmoid", &b), ("tanh", &c));
        let f = pair(&mut g, "mul", ("tanh", &a), ("tanh", &d));
        let cell = pair(&mut g, "mul", ("tanh", &e), ("tanh", &f));
        state = g.map("tanh", &[&cell]);
    }
    g.text(&[state])
}

fn squeezenet(pixels: usize) -> String {
    let mut g = Graph::default();
    let input = g.input(&[1, 3, pixels, pixels]);
    let mut x = g.conv(&input, 96, Window::valid(7, 2), 1, Relu);
    for (fire, squeezed) in [16, 16, 32, 32, 48, 48, 64, 64].into_iter().enumerate() {
        if [0, 3, 7].contains(&fire) {
            x = g.pool("max_pool", &x, Window::valid(3, 2));
        }
        let squeeze = g.conv(&x, squeezed, Window::square(1, 1), 1, Relu);
        let expanded = [1, 3].map(|size| g.conv(&squeeze, 4 * squeezed, Window::square(size, 1), 1, Relu));
        x = g.concat(&expanded);
    }
    let classes = g.conv(&x, 1000, Window::square(1, 1), 1, Relu);
    let mean = g.pool("average_pool", &classes, Window::valid(classes.shape[2], 1));
    g.text(&[mean])
}

fn resnext(pixels: usize) -> String {
    let mut g = Graph::default();
    let input = g.input(&[1, 3, pixels, pixels]);
    let x = g.conv(&input, 64, Window::square(7, 2), 1, Relu);
    let mut x = g.pool("max_pool", &x, Window::square(3, 2));
    for (blocks, width, first) in [(3, 128, 1), (4, 256, 2), (6, 512, 2), (3, 1024, 2)] {
        for block in 0..blocks {
            let stride = if block == 0 { first } else { 1 };
            let inner = g.conv(&x, width, Window::square(1, 1), 1, Relu);
            let inner = g.conv(&inner, width, Window::square(3, stride), 32, Relu);
            let inner = g.conv(&inner, 2 * width, Window::square(1, 1), 1, Nothing);
            if stride > 1 || x.shape[1] != 2 * width {
                x = g.conv(&x, 2 * width, Window::square(1, stride), 1, Relu);
            }
            let sum = g.add(&x, &inner);
            x = g.relu(&sum);
        }
    }
    g.text(&[x])
}

/// Without the three products at its end, which are half a gigabyte of weights that no rule touches.
fn vgg(pixels: usize) -> String {
    let mut g = Graph::default();
    let mut x = g.input(&[1, 3, pixels, pixels]);
    for (layers, filters) in [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)] {
        for _ in 0..layers {
            x = g.conv(&x, filters, Window::square(3, 1), 1, Relu);
        }
        x = g.pool("max_pool", &x, Window::square(2, 2));
    }
    g.text(&[x])
}

/// A chain of convolutions with ReLU: filters, rows and columns of the window.
fn chain(g: &mut Graph, x: &Value, steps: &[(usize, usize, usize)]) -> Value {
    steps.iter().fold(x.clone(), |x, &(filters, rows, columns)| {
        let window = Window { size: [rows, columns], stride: 1, padding: Padding::Same };
        g.conv(&x, filters, window, 1, Relu)
    })
}

fn inception(pixels: usize) -> String {
    let mut g = Graph::default();
    let input = g.input(&[1, 3, pixels, pixels]);
    let x = g.conv(&input, 32, Window::valid(3, 2), 1, Relu);
    let x = g.conv(&x, 32, Window::valid(3, 1), 1, Relu);
    let x = g.conv(&x, 64, Window::square(3, 1), 1, Relu);
    let x = g.pool("max_pool", &x, Window::valid(3, 2));
    let x = g.conv(&x, 80, Window::square(1, 1), 1, Relu);
    let x = g.conv(&x, 192, Window::valid(3, 1), 1, Relu);
    let mut x = g.pool("max_pool", &x, Window::valid(3, 2));
    let mean = Window::square(3, 1);
    for pooled in [32, 64, 64] {
        let five = chain(&mut g, &x, &[(48, 1, 1), (64, 5, 5)]);
        let three = chain(&mut g, &x, &[(64, 1, 1), (96, 3, 3), (96, 3, 3)]);
        let one = chain(&mut g, &x, &[(64, 1, 1)]);
        let pool = g.pool("average_pool", &x, mean);
        let pool = chain(&mut g, &pool, &[(pooled, 1, 1)]);
        x = g.concat(&[one, five, three, pool]);
    }
    let three = g.conv(&x, 384, Window::valid(3, 2), 1, Relu);
    let double = chain(&mut g, &x, &[(64, 1, 1), (96, 3, 3)]);
    let double = g.conv(&double, 96, Window::valid(3, 2), 1, Relu);
    let pool = g.pool("max_pool", &x, Window::valid(3, 2));
    x = g.concat(&[three, double, pool]);
    for inner in [128, 160, 160, 192] {
        let one = chain(&mut g, &x, &[(192, 1, 1)]);
        let seven = chain(&mut g, &x, &[(inner, 1, 1), (inner, 1, 7), (192, 7, 1)]);
        let double = chain(&mut g, &x, &[(inner, 1, 1), (inner, 7, 1), (inner, 1, 7), (inner, 7, 1), (192, 1, 7)]);
        let pool = g.pool("average_pool", &x, mean);
        let pool = chain(&mut g, &pool, &[(192, 1, 1)]);
        x = g.concat(&[one, seven, double, pool]);
    }
    let three = chain(&mut g, &x, &[(192, 1, 1)]);
    let three = g.conv(&three, 320, Window::valid(3, 2), 1, Relu);
    let seven = chain(&mut g, &x, &[(192, 1, 1), (192, 1, 7), (192, 7, 1)]);
    let seven = g.conv(&seven, 192, Window::valid(3, 2), 1, Relu);
    let pool = g.pool("max_pool", &x, Window::valid(3, 2));
    x = g.concat(&[three, seven, pool]);
    for _ in 0..2 {
        let one = chain(&mut g, &x, &[(320, 1, 1)]);
        let three = chain(&mut g, &x, &[(384, 1, 1)]);
        let double = chain(&mut g, &x, &[(448, 1, 1), (384, 3, 3)]);
        let pool = g.pool("average_pool", &x, mean);
        let mut parts = vec![one];
        for from in [three, double] {
            parts.extend([(1, 3), (3, 1)].map(|(rows, columns)| chain(&mut g, &from, &[(384, rows, columns)])));
        }
        parts.push(chain(&mut g, &pool, &[(192, 1, 1)]));
        x = g.concat(&parts);
    }
    let mean = g.pool("average_pool", &x, Window::valid(x.shape[2], 1));
    g.text(&[mean])
}

/// A filter for each channel, or for a few, and a convolution of one tap.
fn separable(g: &mut Graph, x: &Value, filters: usize, size: usize, stride: usize) -> Value {
    let apart = g.conv(x, filters, Window::square(size, stride), filters.min(x.shape[1]), Nothing);
    g.conv(&apart, filters, Window::square(1, 1), 1, Nothing)
}

/// The two inputs of a cell, brought to one size.
fn fitted(g: &mut Graph, earlier: &Value, x: &Value, filters: usize) -> [Value; 2] {
    let x = g.conv(x, filters, Window::square(1, 1), 1, Relu);
    let window = if earlier.shape[2] == x.shape[2] { Window::square(1, 1) } else { Window::square(3, 2) };
    [g.conv(earlier, filters, window, 1, Relu), x]
}

fn nasnet(pixels: usize) -> String {
    let mut g = Graph::default();
    let input = g.input(&[1, 3, pixels, pixels]);
    let x = g.conv(&input, 64, Window::square(7, 2), 1, Relu);
    let mut x = g.pool("max_pool", &x, Window::square(3, 2));
    let (still, halved) = (Window::square(3, 1), Window::square(3, 2));
    let mut filters = 128;
    for _ in 0..3 {
        let mut earlier = x.clone();
        for _ in 0..5 {
            let [prev, cur] = fitted(&mut g, &earlier, &x, filters);
            let sum = |g: &mut Graph, a: Value, b: Value| g.add(&a, &b);
            let a = separable(&mut g, &cur, filters, 3, 1);
            let a = sum(&mut g, a, cur.clone());
            let (b, c) = (separable(&mut g, &prev, filters, 3, 1), separable(&mut g, &cur, filters, 3, 1));
            let b = sum(&mut g, b, c);
            let c = g.pool("average_pool", &cur, still);
            let c = sum(&mut g, c, prev.clone());
            let [d, e] = [(); 2].map(|()| g.pool("average_pool", &prev, still));
            let d = sum(&mut g, d, e);
            let [e, f] = [(); 2].map(|()| separable(&mut g, &prev, filters, 3, 1));
            let e = sum(&mut g, e, f);
            let cell = g.concat(&[a, b, c, d, e]);
            earlier = std::mem::replace(&mut x, cell);
        }
        filters *= 2;
        let [prev, cur] = fitted(&mut g, &earlier, &x, filters);
        let (a, b) = (separable(&mut g, &prev, filters, 7, 2), separable(&mut g, &cur, filters, 5, 2));
        let first = g.add(&a, &b);
        let (a, b) = (g.pool("max_pool", &cur, halved), separable(&mut g, &prev, filters, 7, 2));
        let second = g.add(&a, &b);
        let (a, b) = (g.pool("average_pool", &cur, halved), separable(&mut g, &prev, filters, 5, 2));
        let third = g.add(&a, &b);
        let (a, b) = (g.pool("max_pool", &cur, halved), separable(&mut g, &first, filters, 3, 1));
        let fourth = g.add(&a, &b);
        let a = g.pool("average_pool", &first, still);
        let fifth = g.add(&a, &second);
        x = g.concat(&[first, second, third, fourth, fifth]);
    }
    g.text(&[x])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_have_the_operations_of_their_models() {
        let expected = [
            ("bert", "matmul", 8 * 6),
            ("nasrnn", "matmul", 5 * 16),
            ("squeezenet", "conv", 26),
            ("resnext50", "conv", 1 + 16 * 3 + 4),
            ("vgg19", "conv", 16),
            ("inception-v3", "conv", 94),
            ("nasnet-a", "conv", 1 + 3 * (5 * (2 + 5 * 2) + 2 + 5 * 2)),
        ];
        for ((name, make), (of, operation, count)) in GRAPHS.iter().zip(expected) {
            let text = make();
            assert_eq!((*name, text.matches(&format!("= hwc.{operation} ")).count()), (of, count));
            // Everything that is made is named once.
            let names: std::collections::BTreeSet<&str> =
                text.lines().filter_map(|line| line.trim().split_once(" = ")).map(|(name, _)| name).collect();
            assert_eq!(names.len(), text.matches(" = hwc.").count(), "{name}");
        }
    }
}
