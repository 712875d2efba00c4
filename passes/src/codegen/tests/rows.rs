//! Nests that share the loops over rows: the same results, temporaries of one row; and what must not be shared.

use super::{
    contractions::{agrees, module},
    *,
};

/// Text of kernels over tensors of one shape; the last dimension is the row.
struct Rows {
    shape: Vec<usize>,
    text: String,
}

impl Rows {
    fn new(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), text: String::new() }
    }

    fn whole(&self) -> String {
        ty(&self.shape)
    }

    fn names(&self, count: usize) -> String {
        (0..count).map(|i| format!("d{i}")).collect::<Vec<_>>().join(", ")
    }

    /// The map of an operand of which `dims` tells the dimensions it has.
    fn map(&self, dims: &[usize]) -> String {
        let results: Vec<String> = dims.iter().map(|d| format!("d{d}")).collect();
        format!("affine_map<({}) -> ({})>", self.names(self.shape.len()), results.join(", "))
    }

    fn generic(&mut self, name: &str, ins: &[(&str, &[usize])], out: (&str, &[usize]), reduces: bool, ops: &str) {
        let rank = self.shape.len();
        let of = |dims: &[usize]| ty(&dims.iter().map(|d| self.shape[*d]).collect::<Vec<_>>());
        let maps: Vec<String> = ins.iter().chain([&out]).map(|(_, dims)| self.map(dims)).collect();
        let kinds: Vec<&str> =
            (0..rank).map(|d| if reduces && d + 1 == rank { "\"reduction\"" } else { "\"parallel\"" }).collect();
        let inputs = match ins {
            [] => String::new(),
            _ => format!(
                "ins({} : {})",
                ins.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", "),
                ins.iter().map(|(_, dims)| of(dims)).collect::<Vec<_>>().join(", ")
            ),
        };
        let arguments: Vec<String> = (0..ins.len()).map(|i| format!("%v{i}: f32")).chain(["%o: f32".into()]).collect();
        let result = of(out.1);
        self.text += &format!(
            "%{name} = linalg.generic {{indexing_maps = [{}], iterator_types = [{}]}} {inputs} outs({} : {result}) {{
               ^bb0({}):
                 {ops}
                 linalg.yield %y : f32
             }} -> {result}\n",
            maps.join(", "),
            kinds.join(", "),
            out.0,
            arguments.join(", "),
        );
    }

    /// `%name`: of each row the elements combined by `op`, starting from `start`.
    fn fold(&mut self, name: &str, ins: &[(&str, &[usize])], start: &str, ops: &str) {
        let kept: Vec<usize> = (0..self.shape.len() - 1).collect();
        let small = ty(&self.shape[..self.shape.len() - 1]);
        self.text += &format!(
            "%{name}c = arith.constant {start} : f32
             %{name}e = tensor.empty() : {small}
             %{name}f = linalg.fill ins(%{name}c : f32) outs(%{name}e : {small}) -> {small}\n"
        );
        self.generic(name, ins, (&format!("%{name}f"), &kept), true, ops);
    }

    /// `%name`: elementwise over everything.
    fn each(&mut self, name: &str, ins: &[(&str, &[usize])], ops: &str) {
        let all: Vec<usize> = (0..self.shape.len()).collect();
        self.text += &format!("%{name}e = tensor.empty() : {}\n", self.whole());
        self.generic(name, ins, (&format!("%{name}e"), &all), false, ops);
    }
}

fn ty(shape: &[usize]) -> String {
    let sizes: String = shape.iter().map(|n| format!("{n}x")).collect();
    format!("tensor<{sizes}f32>")
}

const MAX: &str = "%y = arith.maximumf %o, %v0 : f32";
const POWER: &str = "%d = arith.subf %v0, %v1 : f32\n%y = math.exp %d : f32";
const SUM: &str = "%y = arith.addf %o, %v0 : f32";
const RATIO: &str = "%y = arith.divf %v0, %v1 : f32";

/// softmax(x + mask) along the last dimension; the mask has some of the dimensions.
fn softmax(shape: &[usize], mask: &[usize]) -> (Vec<String>, String) {
    let mut rows = Rows::new(shape);
    let all: Vec<usize> = (0..shape.len()).collect();
    let kept = &all[..shape.len() - 1];
    rows.each("s", &[("%a0", &all), ("%a1", mask)], "%y = arith.addf %v0, %v1 : f32");
    rows.fold("m", &[("%s", &all)], "0xFF800000", MAX);
    rows.each("p", &[("%s", &all), ("%m", kept)], POWER);
    rows.fold("t", &[("%p", &all)], "0.0", SUM);
    rows.each("r", &[("%p", &all), ("%t", kept)], RATIO);
    let inputs = vec![rows.whole(), ty(&mask.iter().map(|d| shape[*d]).collect::<Vec<_>>())];
    (inputs, format!("{}return %r : {}", rows.text, ty(shape)))
}

#[test]
fn rows_of_any_shape() {
    let shapes: [(&[usize], &[usize]); 8] = [
        (&[37, 100], &[1]),
        (&[4, 1], &[0, 1]),
        (&[1, 33], &[1]),
        (&[7], &[0]),
        (&[5, 6, 50], &[1, 2]),
        (&[6, 6, 40], &[0, 2]),
        (&[3, 4, 5, 70], &[0, 3]),
        (&[2, 3, 3, 17], &[]),
    ];
    for (shape, mask) in shapes {
        let (inputs, body) = softmax(shape, mask);
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        agrees(&inputs, &[&ty(shape)], &body, 1e-5);
    }
}

#[test]
fn a_group_needs_memory_for_one_row() {
    let (inputs, body) = softmax(&[512, 300], &[1]);
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let model = Model::new(&module(&inputs, &[&ty(&[512, 300])], &body));
    assert_eq!(model.compiled.summary.arena_bytes, 0, "rows are on the stack");
}

#[test]
fn the_sum_of_residuals_is_a_result_and_read_again() {
    for shape in [[64, 96], [9, 5]] {
        let mut rows = Rows::new(&shape);
        rows.each("s", &[("%a0", &[0, 1]), ("%a1", &[0, 1])], "%y = arith.addf %v0, %v1 : f32");
        rows.fold("q", &[("%s", &[0, 1])], "0.0", "%p = arith.mulf %v0, %v0 : f32\n%y = arith.addf %o, %p : f32");
        rows.each(
            "r",
            &[("%s", &[0, 1]), ("%q", &[0]), ("%a2", &[1])],
            "%e = arith.constant 0.5 : f32\n%t = arith.addf %v1, %e : f32\n%u = math.sqrt %t : f32
             %w = arith.divf %v0, %u : f32\n%y = arith.mulf %w, %v2 : f32",
        );
        let whole = ty(&shape);
        let body = format!("{}return %s, %r : {whole}, {whole}", rows.text);
        agrees(&[&whole, &whole, &ty(&shape[1..])], &[&whole, &whole], &body, 1e-5);
    }
}

/// How many loops there are when they are written.
fn loops_of(text: &str) -> usize {
    struct Loops(usize);
    impl crate::codegen::Observer for Loops {
        fn phase(&mut self, name: &'static str, module: &Module) {
            if name == "loops" {
                self.0 = module.as_operation().to_string().matches("scf.for").count();
            }
        }
    }
    let context = context::new();
    let mut module = Module::parse(&context, text).expect("the test's module parses");
    let mut loops = Loops(0);
    compile(
        &context,
        &mut module,
        &TargetOptions::default(),
        Objects::One,
        |_| Ok(vec![]),
        |_, _| "{}".into(),
        &mut loops,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    loops.0
}

/// Powers, and the sums of what `reads` of them, as results.
fn stored_and_summed(shape: &[usize; 2], reads: &[&[usize]]) -> (Vec<String>, String) {
    let mut rows = Rows::new(shape);
    rows.each("p", &[("%a0", &[0, 1]), ("%a1", &[0])], POWER);
    let reads: Vec<(&str, &[usize])> = reads.iter().map(|read| ("%p", *read)).collect();
    let ops: String = (1..reads.len()).map(|i| format!("%q{i} = arith.addf %v0, %v{i} : f32\n")).collect();
    let sum = if reads.len() > 1 { SUM.replace("%v0", "%q1") } else { SUM.into() };
    rows.fold("t", &reads, "0.5", &(ops + &sum));
    let results = vec![ty(shape), ty(&shape[..1])];
    (results.clone(), format!("{}return %p, %t : {}", rows.text, results.join(", ")))
}

#[test]
fn what_a_row_is_summed_of_is_stored_by_the_same_nest() {
    let loops = |shape: &[usize; 2], reads: &[&[usize]]| {
        let (types, body) = stored_and_summed(shape, reads);
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        agrees(&types, &types, &body, 1e-5);
        loops_of(&module(&types, &types, &body))
    };
    assert_eq!(loops(&[48, 512], &[&[0, 1]]), 2, "the rows, and the elements of one");
    assert!(loops(&[48, 48], &[&[1, 0]]) <= 2, "columns are summed");
    assert!(loops(&[48, 48], &[&[0, 1], &[1, 0]]) > 2, "each sum is of a row and a column");
    // Rows that are no whole number of vectors, and of one element.
    for shape in [[5, 100], [7, 3], [6, 1], [1, 40]] {
        loops(&shape, &[&[0, 1]]);
    }
}

#[test]
fn columns_are_summed_by_the_nest_that_stores_them() {
    let whole = ty(&[40, 100]);
    let body = format!(
        "%e = tensor.empty() : {whole}
         %p = linalg.exp ins(%a0 : {whole}) outs(%e : {whole}) -> {whole}
         %z = arith.constant 0.0 : f32
         %s = tensor.empty() : tensor<100xf32>
         %f = linalg.fill ins(%z : f32) outs(%s : tensor<100xf32>) -> tensor<100xf32>
         %t = linalg.reduce ins(%p : {whole}) outs(%f : tensor<100xf32>) dimensions = [0]
           (%x: f32, %o: f32) {{ %y = arith.addf %x, %o : f32
             linalg.yield %y : f32 }}
         return %p, %t : {whole}, tensor<100xf32>"
    );
    agrees(&[&whole], &[&whole, "tensor<100xf32>"], &body, 1e-5);
}

#[test]
fn the_largest_of_a_row_is_not_a_number_where_one_is_not() {
    for (op, start, propagates) in [("maximumf", "0xFF800000", true), ("maxnumf", "0xFF800000", false)] {
        let mut rows = Rows::new(&[3, 300]);
        rows.fold("m", &[("%a0", &[0, 1])], start, &format!("%y = arith.{op} %o, %v0 : f32"));
        let text = module(&[&rows.whole()], &[&ty(&[3])], &format!("{}return %m : {}", rows.text, ty(&[3])));
        for at in [0, 15, 16, 200, 299] {
            let mut x: Vec<f32> = (0..900).map(|i| i as f32).collect();
            x[at] = f32::NAN;
            x[600..].fill(f32::NAN);
            let got = Model::new(&text).run_f32(&[&x], 3);
            let first = if at == 299 { 298.0 } else { 299.0 };
            assert!(if propagates { got[0].is_nan() } else { got[0] == first }, "{op} with {at}: {got:?}");
            assert_eq!(got[1], 599.0);
            assert!(if propagates { got[2].is_nan() } else { got[2] == f32::NEG_INFINITY }, "{op}: {got:?}");
        }
    }
}

#[test]
fn rows_that_read_other_rows_are_not_shared() {
    // Row i reads the powers of column i.
    let mut rows = Rows::new(&[48, 48]);
    rows.fold("m", &[("%a0", &[0, 1])], "0xFF800000", MAX);
    rows.each("p", &[("%a0", &[0, 1]), ("%m", &[0])], POWER);
    rows.fold("t", &[("%p", &[1, 0])], "0.0", SUM);
    rows.each("r", &[("%p", &[0, 1]), ("%t", &[0])], RATIO);
    let whole = ty(&[48, 48]);
    agrees(&[&whole], &[&whole], &format!("{}return %r : {whole}", rows.text), 1e-5);
    // Every row needs all of the statistics.
    let mut rows = Rows::new(&[48, 48]);
    rows.fold("m", &[("%a0", &[0, 1])], "0xFF800000", MAX);
    rows.each("r", &[("%a0", &[0, 1]), ("%m", &[1])], RATIO);
    agrees(&[&whole], &[&whole], &format!("{}return %r : {whole}", rows.text), 1e-5);
}

/// Runs with results that start at a line and with some that do not, and compares with upstream's loops.
fn agrees_anywhere(inputs: &[&str], sizes: &[usize], outputs: &[&str], body: &str) {
    let text = module(inputs, outputs, body);
    let counts = inputs.iter().map(|ty| elements(ty));
    let data: Vec<Vec<u8>> = counts.zip(1..).map(|(count, seed)| bytes(&noise(count, seed))).collect();
    let bytes_of: Vec<usize> = sizes.iter().map(|n| n * 4).collect();
    let plain = TargetOptions { plain_loops: true, ..Default::default() };
    let expected = Model::with(&text, &plain).run_with(&data, &bytes_of, std::ptr::null());
    let model = Model::new(&text);
    for start in [0, 4, 32] {
        for (got, expected) in model.run_at(start, &data, &bytes_of, std::ptr::null()).iter().zip(&expected) {
            assert_close(&floats(got), &floats(expected), 1e-5);
        }
    }
    assert_eq!(model.run(&data, &bytes_of).len(), sizes.len());
}

fn elements(ty: &str) -> usize {
    ty.trim_start_matches("tensor<").split('x').filter_map(|n| n.parse::<usize>().ok()).product()
}

#[test]
fn large_transpositions_go_by_blocks_and_past_the_caches() {
    // Blocks of whole squares, and an extent that has none.
    for (rows, columns) in [(2048, 2688), (2050, 2688)] {
        let (from, to) = (ty(&[rows, columns]), ty(&[columns, rows]));
        let body = format!(
            "%e = tensor.empty() : {to}
             %r = linalg.transpose ins(%a0 : {from}) outs(%e : {to}) permutation = [1, 0]\nreturn %r : {to}"
        );
        agrees_anywhere(&[&from], &[rows * columns], &[&to], &body);
    }
}

#[test]
fn large_rows_and_strips_go_past_the_caches() {
    let (shape, whole) = ([1280, 2176], ty(&[1280, 2176]));
    let mut rows = Rows::new(&shape);
    rows.each("s", &[("%a0", &[0, 1]), ("%a1", &[0, 1])], "%y = arith.addf %v0, %v1 : f32");
    rows.fold("q", &[("%s", &[0, 1])], "1.0", "%p = arith.mulf %v0, %v0 : f32\n%y = arith.addf %o, %p : f32");
    rows.each("r", &[("%s", &[0, 1]), ("%q", &[0])], RATIO);
    let body = format!("{}return %s, %r : {whole}, {whole}", rows.text);
    agrees_anywhere(&[&whole, &whole], &[1280 * 2176; 2], &[&whole, &whole], &body);

    let (flat, count) = (ty(&[1 << 22]), 1 << 22);
    let mut strips = Rows::new(&[count]);
    strips.each("r", &[("%a0", &[0]), ("%a1", &[0])], "%y = arith.mulf %v0, %v1 : f32");
    agrees_anywhere(&[&flat, &flat], &[count], &[&flat], &format!("{}return %r : {flat}", strips.text));
}
