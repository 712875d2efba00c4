//! The library and what it writes, as its users meet them.

use std::path::Path;
use std::process::Command;

use hwc::{Compiler, Fault, Model, Options, Session, Target, Tensor};

fn model() -> Model {
    Model::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/affine.onnx")).unwrap()
}

fn input() -> Tensor {
    Tensor::from_vec(vec![2, 3], vec![1.0f32, -20.0, 3.0, -2.0, -9.0, -99.5]).unwrap()
}

const EXPECTED: [f32; 6] = [2.0, 0.0, 103.0, 0.0, 1.0, 0.5];

fn outputs(session: &Session) -> Vec<f32> {
    session.run([("x", &input())]).unwrap().get("y").unwrap().to_vec().unwrap()
}

#[test]
fn an_artifact_computes_what_the_code_in_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = Compiler::new(Options::new().dim("batch", 2)).compile(&model()).unwrap();
    assert_eq!(outputs(&artifact.session().unwrap()), EXPECTED);
    let path = folder.path().join("affine.hwc");
    artifact.save(&path).unwrap();
    assert_eq!(outputs(&Session::load(&path).unwrap()), EXPECTED);
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        Compiler::new(Options::new().dim("batch", 2)).compile(&model()).unwrap().save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(write("a.hwc"), write("b.hwc"));
}

#[test]
fn a_library_serves_c_programs_and_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libaffine.so");
    Compiler::new(Options::new().dim("batch", 2)).compile(&model()).unwrap().save_library(&library).unwrap();
    assert_eq!(outputs(&Session::load(&library).unwrap()), EXPECTED);

    let program = folder.path().join("main.c");
    std::fs::write(
        &program,
        r#"
        #include <stdio.h>
        #include <stdlib.h>
        #include "affine.h"
        int main(void) {
            float x[] = {1, -20, 3, -2, -9, -99.5}, y[HWC_OUTPUT_0_BYTES / sizeof(float)];
            size_t size = (HWC_WEIGHTS_BYTES + HWC_ALIGNMENT - 1) / HWC_ALIGNMENT * HWC_ALIGNMENT;
            void *weights = aligned_alloc(HWC_ALIGNMENT, size), *arena = aligned_alloc(HWC_ALIGNMENT, HWC_ARENA_BYTES + HWC_ALIGNMENT);
            FILE *file = fopen("affine.weights", "rb");
            if (!file || fread(weights, 1, HWC_WEIGHTS_BYTES, file) != HWC_WEIGHTS_BYTES) return 2;
            const void *inputs[HWC_INPUTS] = {x};
            void *outputs[HWC_OUTPUTS] = {y};
            if (hwc_run(weights, arena, inputs, outputs, NULL)) return 3;
            for (int i = 0; i < 6; i++) printf("%g ", y[i]);
            return 0;
        }"#,
    )
    .unwrap();
    let built = Command::new("cc")
        .current_dir(&folder)
        .args(["-Wall", "-Werror", "-o", "main", "main.c", "./libaffine.so", "-lm"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(folder.path().join("main")).current_dir(&folder).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "2 0 103 0 1 0.5 ");
}

#[test]
fn errors_say_whose_fault_they_are() {
    let fault = |options: Options| Compiler::new(options).compile(&model()).err().map(|e| (e.fault(), e.to_string()));
    let (found, message) = fault(Options::new()).unwrap();
    assert_eq!(found, Fault::Unsupported);
    assert!(message.contains("--dim batch="), "{message}");
    let options = Options::new().dim("batch", 1).target(Target::cpu("no-such-cpu"));
    assert_eq!(fault(options).unwrap().0, Fault::Input);
    assert!(matches!(Model::from_bytes(vec![1u8, 2, 3]), Err(error) if error.fault() == Fault::Input));
}

#[test]
fn compilations_and_sessions_run_in_parallel() {
    let model = model();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let artifact = Compiler::new(Options::new().dim("batch", 2)).compile(&model).unwrap();
                let session = artifact.session().unwrap();
                std::thread::scope(|inner| {
                    for _ in 0..2 {
                        inner.spawn(|| assert_eq!(outputs(&session), EXPECTED));
                    }
                });
            });
        }
    });
}
