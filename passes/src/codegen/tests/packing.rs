//! Contractions whose operands are packed, against upstream's loops: sizes at which panels, blocks of rows and stretches
//! of reductions have remainders on at least one of the machines.

use std::fmt::Write;

use super::{contractions::agrees, *};

const ZERO: &str = "%z = arith.constant 0.0 : f32\n";

/// A product over named dimensions: which of them the operands and the result have, with their sizes.
struct Product<'a> {
    dims: &'a [(&'a str, i64)],
    left: &'a str,
    right: &'a str,
    result: &'a str,
}

impl Product<'_> {
    fn ty(&self, operand: &str) -> String {
        let size = |name: char| self.dims.iter().find(|(n, _)| n.starts_with(name)).map_or(1, |(_, s)| *s);
        let sizes: Vec<String> = operand.chars().map(|c| size(c).to_string()).collect();
        format!("tensor<{}xf32>", sizes.join("x"))
    }

    /// The product as `%r`, of operands with these names.
    fn text(&self, left: &str, right: &str) -> String {
        let names: Vec<&str> = self.dims.iter().map(|(n, _)| *n).collect();
        let list = |operand: &str| operand.chars().map(String::from).collect::<Vec<_>>().join(", ");
        let map = |operand: &str| format!("affine_map<({}) -> ({})>", names.join(", "), list(operand));
        let kinds: Vec<&str> =
            names.iter().map(|n| if self.result.contains(n) { "\"parallel\"" } else { "\"reduction\"" }).collect();
        let (l, r, c) = (self.ty(self.left), self.ty(self.right), self.ty(self.result));
        format!(
            "%e = tensor.empty() : {c}
             %f = linalg.fill ins(%z : f32) outs(%e : {c}) -> {c}
             %r = linalg.generic {{indexing_maps = [{}, {}, {}], iterator_types = [{}]}}
               ins({left}, {right} : {l}, {r}) outs(%f : {c}) {{
             ^bb0(%x: f32, %y: f32, %o: f32):
               %p = arith.mulf %x, %y : f32
               %s = arith.addf %o, %p : f32
               linalg.yield %s : f32
             }} -> {c}\n",
            map(self.left),
            map(self.right),
            map(self.result),
            kinds.join(", "),
        )
    }
}

const PRODUCTS: &[Product] = &[
    // Panels with and without a remainder, one of one column, one narrower than a vector.
    Product { dims: &[("m", 30), ("n", 64), ("k", 40)], left: "mk", right: "nk", result: "mn" },
    Product { dims: &[("m", 33), ("n", 65), ("k", 7)], left: "mk", right: "nk", result: "mn" },
    Product { dims: &[("m", 24), ("n", 15), ("k", 9)], left: "mk", right: "nk", result: "mn" },
    Product { dims: &[("m", 1), ("n", 130), ("k", 50)], left: "mk", right: "kn", result: "mn" },
    // Rows that compete for the sets of a cache.
    Product { dims: &[("m", 40), ("n", 512), ("k", 1024)], left: "mk", right: "kn", result: "mn" },
    // Too large for a cache on either side: blocks of rows, stretches of reductions.
    Product { dims: &[("m", 70), ("n", 100), ("k", 1030)], left: "mk", right: "nk", result: "mn" },
    Product { dims: &[("m", 131), ("n", 200), ("k", 2050)], left: "mk", right: "nk", result: "mn" },
    // Batches, a result in another order, two reductions, two dimensions of rows.
    Product { dims: &[("b", 3), ("m", 26), ("n", 40), ("k", 33)], left: "bmk", right: "bnk", result: "bmn" },
    Product { dims: &[("b", 2), ("m", 26), ("n", 40), ("k", 33)], left: "bkm", right: "bnk", result: "mbn" },
    Product { dims: &[("m", 25), ("n", 34), ("k", 5), ("l", 6)], left: "mkl", right: "lnk", result: "mn" },
    Product { dims: &[("i", 5), ("m", 6), ("n", 34), ("k", 5)], left: "imk", right: "nk", result: "imn" },
];

#[test]
fn operands_are_packed_while_the_model_runs() {
    for product in PRODUCTS {
        let (l, r, c) = (product.ty(product.left), product.ty(product.right), product.ty(product.result));
        let body = format!("{ZERO}{}return %r : {c}", product.text("%a0", "%a1"));
        agrees(&[&l, &r], &[&c], &body, 2e-6);
    }
}

#[test]
fn what_follows_a_product_sees_all_of_its_reductions() {
    for product in PRODUCTS {
        let (l, r, c) = (product.ty(product.left), product.ty(product.right), product.ty(product.result));
        let rank = product.result.len();
        let dims: Vec<String> = (0..rank).map(|d| format!("d{d}")).collect();
        let (dims, last) = (dims.join(", "), format!("d{}", rank - 1));
        let bias = product.ty(&product.result[rank - 1..]);
        let kinds = vec!["\"parallel\""; rank].join(", ");
        let body = format!(
            "{ZERO}{}%b = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ({last})>,
               affine_map<({dims}) -> ({dims})>], iterator_types = [{kinds}]}} ins(%r, %a2 : {c}, {bias}) outs(%e : {c}) {{
             ^bb0(%x: f32, %y: f32, %o: f32):
               %s = arith.addf %x, %y : f32
               %m = arith.maximumf %s, %z : f32
               linalg.yield %m : f32
             }} -> {c}
             return %b : {c}",
            product.text("%a0", "%a1"),
        );
        agrees(&[&l, &r, &bias], &[&c], &body, 2e-6);
    }
}

/// A model whose right operand is a constant; two calls of the kernel, with two constants of equal contents.
fn with_constant(product: &Product, right: &[f32]) -> String {
    let mut hex = String::new();
    right.iter().flat_map(|v| v.to_le_bytes()).for_each(|byte| {
        let _ = write!(hex, "{byte:02X}");
    });
    let (l, r, c) = (product.ty(product.left), product.ty(product.right), product.ty(product.result));
    format!(
        "func.func private @k(%a0: {l}, %a1: {r}) -> {c} {{\n{ZERO}{}return %r : {c}\n}}\n\
         func.func @main(%x: {l}, %y: {l}) -> ({c}, {c}, {r}) {{\n\
         %w = arith.constant dense<\"0x{hex}\"> : {r}\n\
         %v = arith.constant dense<\"0x{hex}\"> : {r}\n\
         %0 = call @k(%x, %w) : ({l}, {r}) -> {c}\n\
         %1 = call @k(%y, %v) : ({l}, {r}) -> {c}\n\
         return %0, %1, %w : {c}, {c}, {r}\n}}\n",
        product.text("%a0", "%a1")
    )
}

#[test]
fn constants_are_stored_packed_and_once() {
    let count = |ty: &str| -> usize { ty.split(['<', 'x']).filter_map(|p| p.parse::<usize>().ok()).product() };
    for product in PRODUCTS {
        let [l, r, c] = [product.left, product.right, product.result].map(|o| count(&product.ty(o)));
        let (x, y, w) = (noise(l, 1), noise(l, 2), noise(r, 3));
        let text = with_constant(product, &w);
        let sizes = [c * 4, c * 4, r * 4];
        let data = [bytes(&x), bytes(&y)];
        let plain = Model::with(&text, &TargetOptions { plain_loops: true, ..Default::default() });
        let expected = plain.run(&data, &sizes);
        let model = Model::new(&text);
        for (got, expected) in model.run(&data, &sizes).iter().zip(&expected) {
            assert_close(&floats(got), &floats(expected), 2e-6);
        }
        // The result that is the constant itself needs it as it was.
        let once = plain.weights.len();
        assert!(model.weights.len() <= 2 * once, "{} bytes of weights, {once} as given", model.weights.len());
    }
}
