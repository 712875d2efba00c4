//! Graphs as text of the `hwc` dialect.
//!
//! Weights are waves, computed when the graph is compiled: a model of a hundred megabytes is a text of some kilobytes.

use std::fmt::Write;

/// A value of a graph: its name and sizes.
#[derive(Clone)]
pub struct Value {
    name: String,
    pub shape: Vec<usize>,
}

/// A function in the making.
#[derive(Default)]
pub struct Graph {
    arguments: Vec<Value>,
    body: String,
    values: usize,
    weights: usize,
}

/// What follows a convolution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Nothing,
    Relu,
}

/// How an image is padded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Such that a stride of one keeps its size.
    Same,
    Valid,
}

/// A window that moves over an image.
#[derive(Clone, Copy)]
pub struct Window {
    pub size: [usize; 2],
    pub stride: usize,
    pub padding: Padding,
}

impl Window {
    pub fn square(size: usize, stride: usize) -> Window {
        Window { size: [size; 2], stride, padding: Padding::Same }
    }

    pub fn valid(size: usize, stride: usize) -> Window {
        Window { padding: Padding::Valid, ..Window::square(size, stride) }
    }

    /// Positions along an axis of so many pixels, and the padding before and behind it.
    fn along(&self, axis: usize, pixels: usize) -> (usize, usize, usize) {
        if self.padding == Padding::Valid {
            return ((pixels - self.size[axis]) / self.stride + 1, 0, 0);
        }
        let positions = pixels.div_ceil(self.stride);
        let padding = ((positions - 1) * self.stride + self.size[axis]).saturating_sub(pixels);
        (positions, padding / 2, padding.div_ceil(2))
    }

    /// The sizes of what is made of an image, and the attributes for that.
    fn over(&self, image: &[usize]) -> ([usize; 2], String) {
        let [(rows, top, bottom), (columns, left, right)] = [self.along(0, image[2]), self.along(1, image[3])];
        let stride = self.stride;
        let attributes =
            format!("pads = array<i64: {top}, {left}, {bottom}, {right}>, strides = array<i64: {stride}, {stride}>");
        ([rows, columns], attributes)
    }
}

impl Graph {
    pub fn input(&mut self, shape: &[usize]) -> Value {
        let value = Value { name: format!("%input{}", self.arguments.len()), shape: shape.to_vec() };
        self.arguments.push(value.clone());
        value
    }

    /// Weights, different in each call, such that a sum of `terms` products keeps its size.
    pub fn weight(&mut self, shape: &[usize], terms: usize) -> Value {
        let elements = [shape.iter().product::<usize>()];
        self.weights += 1;
        let ones = self.constant(&elements, "1.0");
        let step = self.constant(&[], &format!("{:?}", 1.0 + 0.37 * self.weights as f32));
        let scale = self.constant(&[], &format!("{:?}", (2.0 / terms as f32).sqrt()));
        let places = self.op("cumsum", &[&ones], "axis = 0 : i64", &elements);
        // Ever faster, so that no sum of products nearly cancels out.
        let squares = self.op("mul", &[&places, &places], "", &elements);
        let phases = self.op("mul", &[&squares, &step], "", &elements);
        let wave = self.op("sin", &[&phases], "", &elements);
        let scaled = self.op("mul", &[&wave, &scale], "", &elements);
        self.reshape(&scaled, shape)
    }

    fn constant(&mut self, shape: &[usize], value: &str) -> Value {
        let made = self.value(shape);
        let _ = writeln!(self.body, "  {} = hwc.constant dense<{value}> : {}", made.name, ty(shape));
        made
    }

    fn value(&mut self, shape: &[usize]) -> Value {
        self.values += 1;
        Value { name: format!("%{}", self.values), shape: shape.to_vec() }
    }

    fn op(&mut self, name: &str, operands: &[&Value], attributes: &str, shape: &[usize]) -> Value {
        let made = self.value(shape);
        let names: Vec<&str> = operands.iter().map(|value| value.name.as_str()).collect();
        let types: Vec<String> = operands.iter().map(|value| ty(&value.shape)).collect();
        let attributes = if attributes.is_empty() { String::new() } else { format!(" {{{attributes}}}") };
        let (names, types) = (names.join(", "), types.join(", "));
        let _ = writeln!(self.body, "  {} = hwc.{name} {names}{attributes} : ({types}) -> {}", made.name, ty(shape));
        made
    }

    /// An elementwise operation on operands of one shape.
    pub fn map(&mut self, name: &str, operands: &[&Value]) -> Value {
        let shape = operands[0].shape.clone();
        self.op(name, operands, "", &shape)
    }

    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.map("add", &[a, b])
    }

    pub fn relu(&mut self, x: &Value) -> Value {
        self.map("relu", &[x])
    }

    pub fn reshape(&mut self, x: &Value, shape: &[usize]) -> Value {
        let attribute = format!("shape = array<i64: {}>", list(shape));
        self.op("reshape", &[x], &attribute, shape)
    }

    pub fn transpose(&mut self, x: &Value, permutation: &[usize]) -> Value {
        let shape: Vec<usize> = permutation.iter().map(|&axis| x.shape[axis]).collect();
        let attribute = format!("permutation = array<i64: {}>", list(permutation));
        self.op("transpose", &[x], &attribute, &shape)
    }

    /// A product of matrices, one for each of the first axes.
    pub fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        let (mut shape, columns) = (a.shape.clone(), b.shape[b.shape.len() - 1]);
        let last = shape.len() - 1;
        shape[last] = columns;
        self.op("matmul", &[a, b], "", &shape)
    }

    /// A product with new weights.
    pub fn dense(&mut self, x: &Value, columns: usize) -> Value {
        let rows = x.shape[x.shape.len() - 1];
        let weight = self.weight(&[rows, columns], rows);
        self.matmul(x, &weight)
    }

    /// A convolution with new filters in so many groups.
    pub fn conv(&mut self, x: &Value, filters: usize, window: Window, groups: usize, then: Then) -> Value {
        let [rows, columns] = window.size;
        let channels = x.shape[1] / groups;
        let weight = self.weight(&[filters, channels, rows, columns], channels * rows * columns);
        let (pixels, attributes) = window.over(&x.shape);
        let attributes = format!("group = {groups} : i64, {attributes}");
        let made = self.op("conv", &[x, &weight], &attributes, &[1, filters, pixels[0], pixels[1]]);
        if then == Then::Relu { self.relu(&made) } else { made }
    }

    /// `max_pool` or `average_pool`.
    pub fn pool(&mut self, name: &str, x: &Value, window: Window) -> Value {
        let (pixels, attributes) = window.over(&x.shape);
        let attributes = format!("kernel = array<i64: {}>, {attributes}", list(&window.size));
        self.op(name, &[x], &attributes, &[1, x.shape[1], pixels[0], pixels[1]])
    }

    /// Images beside each other, channel after channel.
    pub fn concat(&mut self, images: &[Value]) -> Value {
        let mut shape = images[0].shape.clone();
        shape[1] = images.iter().map(|image| image.shape[1]).sum();
        self.op("concat", &images.iter().collect::<Vec<_>>(), "axis = 1 : i64", &shape)
    }

    /// The text, of a graph with these results.
    pub fn text(&self, results: &[Value]) -> String {
        let arguments: Vec<String> =
            self.arguments.iter().map(|value| format!("{}: {}", value.name, ty(&value.shape))).collect();
        let names: Vec<&str> = results.iter().map(|value| value.name.as_str()).collect();
        let types: Vec<String> = results.iter().map(|value| ty(&value.shape)).collect();
        let (arguments, names, types) = (arguments.join(", "), names.join(", "), types.join(", "));
        format!("func.func @main({arguments}) -> ({types}) {{\n{}  return {names} : {types}\n}}\n", self.body)
    }
}

fn ty(shape: &[usize]) -> String {
    let sizes: String = shape.iter().map(|size| format!("{size}x")).collect();
    format!("tensor<{sizes}f32>")
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
