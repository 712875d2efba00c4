//! What comes out besides running code: libraries, text, errors; and compiling on several threads.

use std::{io::Write, process::Command};

use super::*;
use crate::codegen::{CodegenError, Objects, Observer, Stage, print_stage, shared_library};

const DOUBLE: &str = r#"
func.func private @double(%a: tensor<40xf32>) -> tensor<40xf32> {
  %e = tensor.empty() : tensor<40xf32>
  %s = linalg.add ins(%a, %a : tensor<40xf32>, tensor<40xf32>) outs(%e : tensor<40xf32>) -> tensor<40xf32>
  %r = linalg.exp ins(%s : tensor<40xf32>) outs(%e : tensor<40xf32>) -> tensor<40xf32>
  return %r : tensor<40xf32>
}
func.func @main(%x: tensor<40xf32>) -> tensor<40xf32> {
  %y = call @double(%x) : (tensor<40xf32>) -> tensor<40xf32>
  return %y : tensor<40xf32>
}"#;

fn error(text: &str, options: &TargetOptions) -> CodegenError {
    let context = context::new();
    let mut module = Module::parse(&context, text).expect("the test's module parses");
    match compile(
        &context,
        &mut module,
        options,
        Objects::One,
        |_| Ok(std::io::sink()),
        |_, _| String::new(),
        &mut Silent,
    ) {
        Ok(_) => panic!("compiled what it should refuse"),
        Err(error) => error,
    }
}

#[test]
fn a_shared_library_exports_the_entry_point_and_the_manifest() {
    let directory = std::env::temp_dir().join(format!("hwc-link-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let library = directory.join("libmodel.so");
    shared_library(Model::new(DOUBLE).compiled.objects(), &library).unwrap();
    let symbols =
        Command::new("/usr/lib/llvm-22/bin/llvm-nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    let names: Vec<&str> = symbols.lines().filter_map(|l| l.split_whitespace().last()).collect();
    assert_eq!(names, ["hwc_manifest", "hwc_run"]);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "temporary files are left");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_library_in_a_directory_that_does_not_exist_is_an_environment_error() {
    let error = shared_library(Model::new(DOUBLE).compiled.objects(), "/nonexistent/lib.so".as_ref()).unwrap_err();
    assert!(error.is_environment() && error.to_string().contains("/nonexistent/lib.so"), "{error}");
}

#[test]
fn every_stage_has_its_text() {
    let text = |stage| {
        let context = context::new();
        let mut module = Module::parse(&context, DOUBLE).unwrap();
        print_stage(&context, &mut module, &TargetOptions::default(), stage, &mut Silent).unwrap()
    };
    let linalg = text(Stage::Linalg);
    assert!(linalg.contains("linalg.generic") && linalg.contains("@main"), "{linalg}");
    assert_eq!(linalg.matches("linalg.generic").count(), 1, "the two operations are fused: {linalg}");
    let llvm = text(Stage::LlvmMlir);
    assert!(llvm.contains("llvm.func @hwc_run") && !llvm.contains("func.func"), "{llvm}");
    let ir = text(Stage::LlvmIr);
    assert!(ir.contains("i32 @hwc_run(") && ir.contains("define internal"), "{ir}");
    assert!(text(Stage::Asm).contains("hwc_run:"));
}

#[test]
fn phases_are_observed_in_order() {
    struct Names(Vec<&'static str>);
    impl Observer for Names {
        fn phase(&mut self, name: &'static str, module: &Module) {
            assert!(module.as_operation().to_string().contains("double"), "{name} has no module");
            self.0.push(name);
        }
    }
    let context = context::new();
    let mut module = Module::parse(&context, DOUBLE).unwrap();
    let mut names = Names(vec![]);
    compile(
        &context,
        &mut module,
        &TargetOptions::default(),
        Objects::One,
        |_| Ok(vec![]),
        |_, _| String::new(),
        &mut names,
    )
    .unwrap();
    assert_eq!(names.0, ["target", "linalg", "buffers", "loops", "llvm", "llvm-ir", "optimized"]);
}

#[test]
fn an_unknown_cpu_is_named() {
    let options = TargetOptions { cpu: Cpu::Named("i8086".into()), ..Default::default() };
    let error = error(DOUBLE, &options);
    assert!(error.is_input() && error.to_string().contains("'i8086'"), "{error}");
}

#[test]
fn everything_that_is_not_kernel_form_is_reported_at_once() {
    let error = error(
        r#"
func.func private @k(%a: tensor<?xf32>, %b: tensor<2xi4>) -> tensor<2xui8> {
  %c = arith.constant dense<0> : tensor<2xi8>
  %r = builtin.unrealized_conversion_cast %c : tensor<2xi8> to tensor<2xui8>
  return %r : tensor<2xui8>
}
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> { return %x : tensor<2xf32> }"#,
        &TargetOptions::default(),
    );
    let text = error.to_string();
    assert!(matches!(&error, CodegenError::KernelForm(all) if all.len() == 3), "{text}");
    for part in
        ["argument 0 of @k", "tensor<?xf32>", "argument 1 of @k", "tensor<2xi4>", "result 0 of @k", "tensor<2xui8>"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn operations_that_main_may_not_hold_are_named_with_their_place() {
    let error = error(
        r#"
func.func @main(%x: tensor<2xf32>, %n: tensor<?xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}"#,
        &TargetOptions::default(),
    );
    let text = error.to_string();
    assert!(text.contains("input 1 of @main") && text.contains("linalg.generic in @main"), "{text}");
}

#[test]
fn a_module_without_main_is_refused() {
    assert!(error("module {}", &TargetOptions::default()).to_string().contains("no function @main"));
}

#[test]
fn weights_that_cannot_be_written_are_an_environment_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let text = "func.func @main() -> tensor<2xf32> {\n%c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>\nreturn %c : tensor<2xf32>\n}";
    let context = context::new();
    let mut module = Module::parse(&context, text).unwrap();
    let result = compile(
        &context,
        &mut module,
        &TargetOptions::default(),
        Objects::One,
        |_| Ok(Full),
        |_, _| String::new(),
        &mut Silent,
    );
    assert!(result.is_err_and(|e| e.is_environment()));
}

#[test]
fn several_threads_compile_and_one_model_runs_on_several() {
    let model = std::thread::scope(|scope| {
        let compiles: Vec<_> = (0..4).map(|_| scope.spawn(|| Model::new(DOUBLE))).collect();
        compiles.into_iter().map(|thread| thread.join().expect("the thread ends")).next_back().expect("four threads")
    });
    let x = noise(40, 1);
    let expected: Vec<f32> = x.iter().map(|v| (v + v).exp()).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_close(&model.run_f32(&[&x], 40), &expected, 1e-6));
        }
    });
}

#[test]
fn code_for_every_level_of_x86_64_runs_here() {
    let x = noise(40, 1);
    let expected: Vec<f32> = x.iter().map(|v| (v + v).exp()).collect();
    for cpu in ["x86-64", "x86-64-v2", "x86-64-v3"] {
        let options = TargetOptions { cpu: Cpu::Named(cpu.into()), ..Default::default() };
        let model = Model::with(DOUBLE, &options);
        assert_eq!(model.compiled.summary.target.cpu, cpu);
        assert_eq!(model.compiled.summary.target.has("avx2"), cpu == "x86-64-v3");
        assert_close(&model.run_f32(&[&x], 40), &expected, 1e-6);
    }
}

#[test]
fn arenas_are_shared_by_values_that_do_not_live_together() {
    let mut calls = String::new();
    for i in 1..9 {
        calls += &format!("%v{i} = call @double(%v{}) : (tensor<40xf32>) -> tensor<40xf32>\n", i - 1);
    }
    let text = DOUBLE.split("func.func @main").next().unwrap().to_owned()
        + &format!("func.func @main(%v0: tensor<40xf32>) -> tensor<40xf32> {{\n{calls}return %v8 : tensor<40xf32>\n}}");
    let model = Model::new(&text);
    assert_eq!(model.compiled.summary.arena_bytes, 2 * 192, "a chain needs two buffers");
    assert_eq!(model.compiled.summary.kernels, [("double".to_owned(), 8)]);
}
