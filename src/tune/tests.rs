use std::collections::HashSet;

use hwc_cost_model::dataset::{TESTED, is_test};
use hwc_cost_model::text::{Kind, Tokenizer, vocabulary};

use super::*;
use crate::measure::kernels;
use crate::{Compiler, Model, Options, Rewriting, Stage, Target};

#[test]
fn random_programs_compile_to_kernels_of_all_classes() {
    let here = Options::new().rewriting(Rewriting::None);
    let oldest = here.clone().target(Target::cpu("x86-64-v2"));
    let (mut classes, mut families) = (HashSet::new(), HashSet::new());
    for number in 0..150 {
        let options = if number % 3 == 0 { &oldest } else { &here };
        let text = program(7, number);
        assert_eq!(text, program(7, number));
        let kernels = kernels(&Model::from_mlir(text.clone()), options);
        for kernel in kernels.unwrap_or_else(|error| panic!("{error}\n{text}")) {
            let units = Tokenizer::default().read(&kernel).expect("a text that tokens are made of");
            let unit = units.iter().find(|unit| unit.kind == Kind::Kernel).expect("a kernel");
            assert_eq!((unit.unknown.operations, unit.tokens.cut), (0, 0), "{kernel}");
            classes.insert(vocabulary::name(unit.tokens.ids[1]).to_string());
            families.insert(unit.family);
            // Kernels are measured by their texts: what these say has to be what the compiler would do.
            let again = Compiler::new(Options { in_place: true, ..options.clone() })
                .emit(&Model::from_mlir(kernel.clone()), Stage::LlvmMlir);
            assert!(again.is_ok(), "{}\n{kernel}", again.err().map_or(String::new(), |error| error.to_string()));
        }
    }
    let mut classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    classes.sort_unstable();
    let all = "batched_contraction contraction convolution depthwise elementwise gather normalization reduction_class \
               softmax transposition";
    assert_eq!(classes.join(" "), all);
    assert!(families.len() > 100, "{}", families.len());
    let tested = families.iter().filter(|family| is_test(**family, TESTED)).count();
    assert!(tested > 5 && tested < families.len() / 2, "{tested}");
}

#[test]
fn programs_differ_by_seed_and_number() {
    let all: HashSet<String> = (0..4).flat_map(|seed| (0..50).map(move |number| program(seed, number))).collect();
    assert_eq!(all.len(), 200);
}
