//! Tokens of known kernels in readable form, as they are committed.

use std::path::Path;

use hwc_cost_model::text::{FEATURES, Feature, Kind, Tokenizer, Unit, fingerprint, show, show_features, vocabulary};

use super::{TEXTS, read};

#[test]
fn tokens_are_as_committed() {
    for (name, text) in TEXTS {
        let plan = Tokenizer::default().plan(text).expect("the text is sound");
        let mut shown: String = plan.units.iter().map(|unit| show(unit) + &show_features(unit)).collect();
        let launches: Vec<&str> = plan.launches.iter().map(|unit| plan.units[*unit].name.as_str()).collect();
        shown += &format!("launches: {}\n", launches.join(" "));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokens/data").join(format!("{name}.tokens"));
        let wanted = std::fs::read_to_string(&path).expect("the expectation is there");
        assert_eq!(
            shown,
            wanted,
            "tokens or features of {name}.mlir have changed; if they should have, count up `RULES` (vocabulary.rs) and write \
             what `tokenise --features` prints of it to {}",
            path.display()
        );
    }
}

#[test]
fn a_plan_tells_what_is_launched_how_often() {
    let plan = Tokenizer::default().plan(TEXTS[2].1).expect("the text is sound");
    assert_eq!(plan.launches, [1, 2, 1]);
    let launches: Vec<(Kind, u32)> = plan.units.iter().map(|unit| (unit.kind, unit.launches)).collect();
    assert_eq!(launches, [(Kind::Driver, 0), (Kind::Kernel, 2), (Kind::Kernel, 1)]);
    let unknown = plan.units[2].unknown;
    assert_eq!((unknown.operations, unknown.keys, unknown.words, unknown.types), (1, 2, 0, 0));
    assert!(plan.units[1].target.is_some() && plan.units[2].target.is_none());
}

fn feature(text: &str, name: &str) -> f64 {
    let at = FEATURES.iter().position(|feature| feature.name == name).expect("there is such a feature");
    f64::from(read(text)[0].features[at])
}

/// Checks features of the first kernel of a text by their formulas.
fn check(text: &str, wanted: &[(&str, f64)]) {
    for (name, wanted) in wanted {
        let found = feature(text, name);
        assert!((found - wanted).abs() < 1e-4 * wanted.abs().max(1.0), "{name}: {found}, not {wanted}");
    }
}

#[test]
fn features_of_a_product_follow_their_formulas() {
    // 128 x 1536 times 1536 x 384, two additions, tiles of 7 x 32 in blocks of 63 rows, 2 threads along n.
    let product: f64 = 2.0 * 128.0 * 384.0 * 1536.0 + 2.0 * 128.0 * 384.0;
    let read: f64 = 4.0 * (128.0 * 1536.0 + 1536.0 * 384.0 + 384.0 + 128.0 * 384.0);
    let written: f64 = 4.0 * 128.0 * 384.0;
    let stripe: f64 = 4.0 * (7.0 * 1536.0 + 1536.0 * 32.0 + 7.0 * 32.0);
    let block: f64 = 4.0 * (63.0 * 1536.0 + 1536.0 * 384.0 + 63.0 * 384.0);
    check(
        TEXTS[0].1,
        &[
            ("flops", product.ln_1p()),
            ("functions", 0.0),
            ("bytes_read", read.ln_1p()),
            ("bytes_written", written.ln_1p()),
            ("bytes_constant", (4.0f64 * (1536.0 * 384.0 + 384.0)).ln_1p()),
            ("intensity", (product / (read + written)).ln_1p()),
            ("parallel", (128.0f64 * 384.0).ln_1p()),
            ("reduction", 1536f64.ln_1p()),
            ("depth", 4f64.ln_1p()),
            ("tile_points", (7.0f64 * 32.0).ln_1p()),
            ("accumulators", 14.0 / 32.0),
            ("tiles", (19.0f64 * 12.0).ln_1p()),
            ("waste", 1.0 - 128.0 / 133.0),
            ("tile_rest", 2.0 / 7.0),
            ("blocks", 3f64.ln_1p()),
            ("block_rest", 2.0 / 63.0),
            ("stripe", (stripe / 49152.0).log2()),
            ("block", (block / 1048576.0).log2()),
            ("trips", 12f64.ln_1p()),
            ("threads", 2f64.ln_1p()),
            ("wave_rest", 0.0),
            ("cycles", (product / (4.0 * 16.0 * 2.0)).ln_1p()),
            ("known", 7.0),
        ],
    );
}

#[test]
fn every_feature_is_documented() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cost-model.md"));
    let text = text.expect("the documentation is there");
    let row = |f: &Feature| format!("| `{}` | {} | {} | {} |", f.name, f.unit, f.scaling(), f.formula);
    let missing: Vec<String> = FEATURES.iter().map(row).filter(|row| !text.contains(row)).collect();
    assert!(missing.is_empty(), "the example `tokenise --table` prints the rows: {missing:#?}");
}

#[test]
fn features_of_loops_come_from_maps_and_types() {
    // The convolution of linalg.mlir: 16 x 5 x 258 results of 256 taps each, and zeros.
    let (results, taps): (f64, f64) = (16.0 * 5.0 * 258.0, 256.0);
    let wanted = [
        ("flops", (2.0 * results * taps).ln_1p()),
        ("parallel", results.ln_1p()),
        ("reduction", taps.ln_1p()),
        ("bytes_written", (4.0 * results).ln_1p()),
        ("known", 0.0),
    ];
    check(TEXTS[1].1, &wanted);
}

#[test]
fn what_is_sliced_or_looked_up_counts_as_much_as_is_taken() {
    let gather = TEXTS[0].1.find("hwk.kernel @gather_1").expect("the kernel is there");
    let text = &TEXTS[0].1[gather..];
    let row: f64 = 128.0 * 384.0 * 4.0;
    check(text, &[("bytes_read", (row + 128.0 * 8.0 + 2.0 * row).ln_1p())]);
}

#[test]
fn a_machine_is_given_beside_the_text() {
    let text = "func.func @f(%x: tensor<64xf32>) -> tensor<64xf32> {\n  %0 = math.exp %x : tensor<64xf32>\n  return %0 : tensor<64xf32>\n}";
    let machine = "#hwk.cpu<x86-64-v3, features = [avx2, fma], vector = 256, registers = 16, l1 = 32768, l2 = 1048576, l3 = 33554432, cores = 4>";
    let without = &read(text)[0];
    let with = &Tokenizer::with_machine(machine).and_then(|t| t.read(text)).expect("both texts are sound")[0];
    assert_eq!((without.target, with.target.is_some()), (None, true));
    assert_eq!(with.tokens.ids.len(), without.tokens.ids.len() + 6);
    assert_eq!(vocabulary::name(with.tokens.ids[0]), "target");
    let known = FEATURES.len() - 1;
    assert_eq!((without.features[known], with.features[known]), (0.0, 4.0));
    // The place of the other keys, the order of features and blanks are the same machine; other numbers are another.
    let again = "#hwk.cpu< x86-64-v3, cores = 4, vector = 256, registers = 16,\n l1 = 32768, l2 = 1048576, features = [fma,avx2], l3 = 33554432 >";
    let other = machine.replace("cores = 4", "cores = 8");
    let target = |machine| Tokenizer::with_machine(machine).and_then(|t| t.read(text)).expect("it is sound")[0].target;
    assert_eq!(target(again), with.target);
    assert_ne!(target(&other), with.target);
    for wrong in ["", "znver5", "#hwk.space<reduction, rows = 4>", &machine[..40], &format!("{machine} 4")] {
        assert!(Tokenizer::with_machine(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn threads_are_told_as_cores() {
    let feature = |unit: &Unit, name: &str| unit.features[FEATURES.iter().position(|f| f.name == name).unwrap_or(99)];
    let of = |threads| Tokenizer::default().threads(threads).read(TEXTS[0].1).expect("the text is sound").remove(0);
    let (one, two) = (of(1), of(2));
    assert_eq!(two, read(TEXTS[0].1)[0]);
    assert_eq!((of(64), of(0)), (two.clone(), one.clone()));
    assert_eq!((one.target, one.family), (two.target, two.family));
    // One thread shares no loops: `threads(1) dim:n` is left out.
    let names = |unit: &Unit| -> Vec<&str> { unit.tokens.ids.iter().map(|id| vocabulary::name(*id)).collect() };
    let mut without = names(&two);
    let place = without.iter().position(|name| *name == "threads").expect("loops that are shared");
    without.drain(place..place + 2);
    assert_eq!(names(&one), without);
    assert_eq!((feature(&one, "cores"), feature(&two, "cores")), (1f32.ln_1p(), 2f32.ln_1p()));
    assert!((feature(&one, "cycles") - feature(&two, "cycles") - 2f32.ln()).abs() < 1e-4);
}

#[test]
fn estimates_are_a_feature_and_no_token() {
    let text = TEXTS[0].1;
    let marked = |numbers: &str| {
        text.replacen("attributes {", &format!("attributes {{hwk.estimate = array<i64: {numbers}>, "), 1)
    };
    let (plain, marked) = (read(text).remove(0), read(&marked("12345, 100, 0, 12000, 7, 300, 20, 0")).remove(0));
    assert_eq!((&plain.tokens, plain.unknown), (&marked.tokens, marked.unknown));
    assert_ne!(plain.features, marked.features);
    assert_eq!(plain.estimated(&[12345, 100, 0, 12000, 7, 300, 20, 0]).features, marked.features);
}

#[test]
fn a_batch_is_filled_up_and_cut_to_its_length() {
    let tokens = &read(TEXTS[2].1)[1].tokens;
    let (mut ids, mut numbers) = ([7i64; 50], vec![7f32; 50 * 14]);
    tokens.write(&mut ids, &mut numbers);
    assert_eq!(ids[0], i64::from(tokens.ids[0]));
    assert_eq!(numbers[..14], tokens.numbers[0]);
    assert!(ids[42..].iter().all(|id| *id == 0) && numbers[42 * 14..].iter().all(|x| *x == 0.0));
    let (mut ids, mut numbers) = ([7i64; 3], vec![7f32; 3 * 14]);
    tokens.write(&mut ids, &mut numbers);
    assert_eq!(ids[2], i64::from(tokens.ids[2]));
}

#[test]
fn long_kernels_keep_spaces_schedules_and_the_anchor() {
    use std::fmt::Write;

    let kernel = &TEXTS[0].1[TEXTS[0].1.find("hwk.kernel").expect("there is one")..];
    let (head, rest) = kernel.split_once("  hwk.yield").expect("it ends");
    let mut text = head.to_string().replace("@matmul_5", "@long");
    for i in 0..100 {
        let _ = writeln!(text, "%x{i} = hwc.exp %2 : (tensor<1x128x384xf32>) -> tensor<1x128x384xf32>");
    }
    let long = &read(&format!("{text}hwk.yield{rest}"))[0].tokens;
    let names: Vec<&str> = long.ids.iter().map(|id| vocabulary::name(*id)).collect();
    let short = &read(TEXTS[0].1)[0].tokens;
    assert_eq!((names.len(), names.last()), (96, Some(&"cut")));
    // Space and schedule, the anchor with its operands, then names of operations in their order.
    assert_eq!(long.ids[..29], short.ids[..29]);
    let product = names.iter().position(|name| *name == "hwc.matmul").expect("the anchor is kept");
    assert_eq!(names[product..product + 3], ["hwc.matmul", "arg0", "arg1"]);
    assert!(names.iter().filter(|name| **name == "hwc.exp").count() > 40);
}

#[test]
fn the_fingerprint_is_one_of_the_tables() {
    assert_eq!(fingerprint().len(), 32);
    assert!(fingerprint().bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(vocabulary::name(0), "pad");
}
