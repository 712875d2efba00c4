//! Statistics, the store, and workers that do not do what they should.

use std::num::NonZeroUsize;
use std::process::Command;
use std::time::Duration;

use hwc_dialects::hwk::{Schedule, Target};

use super::*;
use crate::frontend::Program;
use crate::{Compiler, Model, Options};

fn target() -> Target {
    Target::from_text("cpu", "x, features = [fma], vector = 256, registers = 16, l1 = 1, l2 = 1, l3 = 1, cores = 1")
        .unwrap()
}

fn measured(schedule: &str, warm: f64) -> Measured {
    Measured { space: "elementwise, d = 8".into(), schedule: schedule.into(), warm, cold: 2.0 * warm }
}

#[test]
fn quartiles_lie_between_timings() {
    assert_eq!(Times::of(vec![]), None);
    assert_eq!(Times::of(vec![4.0, 1.0, 3.0, 2.0, 5.0]), Some(Times { median: 3.0, low: 2.0, high: 4.0 }));
    let even = Times::of(vec![1.0, 2.0]).unwrap();
    assert_eq!((even.median, even.low, even.high), (1.5, 1.25, 1.75));
    assert!((even.spread() - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn a_store_gives_the_fastest_and_skips_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("new/times")).unwrap();
    let file = store.file("kernel", &target());
    assert_eq!(store.read(&file), (vec![], vec![]));
    for (schedule, warm) in [("loops", 3.0), ("loops, stream", 1.0), ("rows", 2.0)] {
        store.add(&file, &measured(schedule, warm)).unwrap();
    }
    let (best, warnings) = store.best(&file);
    assert_eq!(best.map(|best| best.schedule).as_deref(), Some("loops, stream"));
    assert!(warnings.is_empty());

    // The second line with another number, one that is no line of ours, and one cut short.
    let text = std::fs::read_to_string(&file).unwrap().replacen("\"warm\":1.0", "\"warm\":0.5", 1);
    std::fs::write(&file, format!("{text}nonsense\n\n{}", &text[..30])).unwrap();
    let (best, warnings) = store.best(&file);
    assert_eq!(best.map(|best| best.schedule).as_deref(), Some("rows"));
    let lines: Vec<bool> = [2, 4, 6].iter().map(|n| warnings.iter().any(|w| w.contains(&format!(":{n}: ")))).collect();
    assert_eq!(lines, [true; 3], "{warnings:?}");
}

#[test]
fn kernels_targets_and_threads_have_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let Target::Cpu(mut other) = target();
    other.cores = 2;
    let two = store.clone().threads(NonZeroUsize::new(2).unwrap());
    let files = [
        store.file("a", &target()),
        store.file("b", &target()),
        store.file("a", &Target::Cpu(other)),
        two.file("a", &target()),
    ];
    assert!(files.iter().enumerate().all(|(i, file)| !files[..i].contains(file)));
    assert_eq!(files[0], store.file("a", &target()));
}

#[test]
fn several_writers_do_not_break_each_others_lines() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let file = store.file("kernel", &target());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (store, file) = (&store, &file);
            scope.spawn(move || {
                (0..50).for_each(|i| store.add(file, &measured("loops", f64::from(writer * 50 + i))).unwrap());
            });
        }
    });
    let (all, warnings) = store.read(&file);
    assert_eq!((all.len(), warnings.len()), (200, 0));
}

fn shell(script: &'static str) -> Measurer {
    let worker = move || {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    };
    Measurer::new(worker).timeout(Duration::from_millis(300)).rounds(3)
}

#[test]
fn workers_that_die_or_hang_cost_only_their_candidate() {
    let two = ["a".to_string(), "b".to_string()];
    let outcomes = shell("read line; kill -SEGV $$").measure(&two).unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Crashed(a), Outcome::Crashed(_)] if a.contains("signal: 11")),
        "{outcomes:?}"
    );
    let outcomes = shell("sleep 60").measure(&two[..1]).unwrap();
    assert_eq!(outcomes, [Outcome::TimedOut]);
    let outcomes = shell("while read line; do echo garbage; done").measure(&two[..1]).unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Crashed(why)] if why.contains("unreadable")), "{outcomes:?}");
}

#[test]
fn what_a_worker_answers_is_counted() {
    // Kernel `a` is refused, every other one takes 2 seconds warm and 4 cold.
    let script = r#"while read line; do case "$line" in
        *'"text":"a"'*) echo '{"Refused":"no"}';;
        *Load*) echo '{"Loaded":{"code":{"registers":3,"spills":0,"instructions":7,"code_bytes":30}}}';;
        *true*) echo '{"Time":{"seconds":4.0,"flops":8.0,"bytes":16.0}}';;
        *) echo '{"Time":{"seconds":2.0,"flops":8.0,"bytes":16.0}}';;
    esac; done"#;
    let kernels: Vec<String> = ["a", "b"].iter().cycle().take(BATCH + 2).map(|s| s.to_string()).collect();
    let outcomes = shell(script).timeout(Duration::from_secs(20)).measure(&kernels).unwrap();
    let same = |seconds| Times { median: seconds, low: seconds, high: seconds };
    let code = Some(Code { registers: 3, spills: 0, instructions: 7, code_bytes: 30 });
    let timings = Timings { warm: vec![2.0; 3], cold: vec![4.0] };
    let second = Measurement { warm: same(2.0), cold: same(4.0), timings, flops: 8.0, bytes: 16.0, code };
    for pair in outcomes.chunks(2) {
        assert_eq!(pair, [Outcome::Refused("no".into()), Outcome::Measured(second.clone())]);
    }
}

#[test]
fn a_worker_that_cannot_be_started_is_an_error() {
    let error = Measurer::new(|| Command::new("/nonexistent/worker")).measure(&["a".to_string()]).unwrap_err();
    assert_eq!(error.fault(), crate::Fault::Environment);
}

const PRODUCT: &str = "hwk.kernel @product(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>) -> (tensor<8x32xf32>) {
    %0 = hwc.matmul %a, %b : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
    hwk.yield %0 : tensor<8x32xf32> }";

#[test]
fn candidates_differ_and_say_what_is_expected_of_them() {
    let options = Options::new();
    let own = &kernels(&Model::from_mlir(PRODUCT), &options).unwrap()[0];
    let all = candidates(own, &options, usize::MAX, NonZeroUsize::MIN).unwrap();
    assert!(all.len() > 10, "{}", all.len());
    assert!(all.iter().all(|text| text.contains("hwk.estimate = array<i64: ")), "{}", all[0]);
    // One thread shares nothing, so the ways to share loops are one schedule.
    let without = |text: &String| {
        let (before, after) = text.split_once(", threads = [").unwrap_or((text, "]"));
        format!("{before}{}", after.split_once(']').unwrap_or_default().1)
    };
    let different: std::collections::HashSet<String> = all.iter().map(without).collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn what_is_offered_as_the_own_schedule_is_the_compilers_own() {
    let softmax = "func.func @main(%x: tensor<262144x1024xf32>) -> tensor<262144x1024xf32> {
        %0 = hwc.softmax %x : (tensor<262144x1024xf32>) -> tensor<262144x1024xf32>
        return %0 : tensor<262144x1024xf32>
    }";
    let product = "func.func @main(%x: tensor<77x500xf32>, %y: tensor<500x64xf32>) -> tensor<77x64xf32> {
        %0 = hwc.matmul %x, %y : (tensor<77x500xf32>, tensor<500x64xf32>) -> tensor<77x64xf32>
        return %0 : tensor<77x64xf32>
    }";
    let options = Options { in_place: true, ..Options::new().target(crate::Target::cpu("znver4")) };
    for (graph, streams) in [(softmax, true), (product, false)] {
        let kernel = &kernels(&Model::from_mlir(graph), &options).unwrap()[0];
        let context = crate::compiler::context();
        let (compiler, model) = (Compiler::new(options.clone()), Model::from_mlir(graph));
        let program = Program::read(&context, &model, &options).unwrap();
        let (mut functions, _) = compiler.to_kernel_form(&context, &program, |_| false).unwrap();
        let target = compiler.target(&program).unwrap();
        let offered = hwc_passes::codegen::alternatives(&context, &mut functions, &target).unwrap().unwrap();
        let own = offered.own.0;
        assert_eq!(own.stream, streams);
        let printed = kernel.split_once("#hwk.schedule<").unwrap().1.split_once(">)").unwrap().0;
        // How loops are shared follows from the rest.
        let printed: Schedule = printed.parse().unwrap();
        assert_eq!(Schedule { threads: None, ..printed }, own);
    }
}

#[test]
fn what_was_measured_is_compiled_unless_it_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let options = Options::new().measured(store.clone());
    let compile = || Compiler::new(options.clone()).compile(&Model::from_mlir(PRODUCT)).unwrap().diagnostics().to_vec();
    let schedule = || {
        candidates(&kernels(&Model::from_mlir(PRODUCT), &options).unwrap()[0], &options, 1, NonZeroUsize::MIN)
            .unwrap()
            .remove(0)
    };
    assert!(compile().is_empty());

    let second = candidates(&schedule(), &options, 5, NonZeroUsize::MIN).unwrap().remove(4);
    let same = |seconds| Times { median: seconds, low: seconds, high: seconds };
    store
        .keep(
            &second,
            &Measurement {
                warm: same(1e-9),
                cold: same(1e-9),
                timings: Timings::default(),
                flops: 1.0,
                bytes: 1.0,
                code: None,
            },
        )
        .unwrap();
    // Nothing is estimated of what was measured; the rest is the same.
    let chosen = |kernel: &str| kernel.split_once("target(").map(|(chosen, _)| chosen.to_owned());
    assert_eq!(chosen(&schedule()), chosen(&second));
    assert!(compile().is_empty());

    // Faster still, and impossible.
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let (all, _) = store.read(&file);
    let wrong = Measured { schedule: "loops, threads = [k]".into(), warm: 1e-10, ..all[0].clone() };
    store.add(&file, &wrong).unwrap();
    let [warning] = &compile()[..] else { panic!("expected one warning") };
    assert!(warning.message.contains("threads cannot share dimension `k`"), "{}", warning.message);
}

#[test]
fn a_worker_answers_what_is_asked() {
    let ask = |request: &Request| serde_json::to_string(request).unwrap() + "\n";
    let requests = [
        ask(&Request::Load { id: 3, text: PRODUCT.into(), threads: NonZeroUsize::MIN }),
        ask(&Request::Time { id: 3, cold: false }),
        ask(&Request::Time { id: 3, cold: true }),
        ask(&Request::Time { id: 4, cold: true }),
        ask(&Request::Load { id: 4, text: "nothing".into(), threads: NonZeroUsize::MIN }),
        "what\n".to_string(),
        ask(&Request::Load { id: 5, text: PRODUCT.into(), threads: NonZeroUsize::new(2).unwrap() }),
        ask(&Request::Time { id: 5, cold: false }),
    ];
    let mut replies = vec![];
    serve(requests.concat().as_bytes(), &mut replies).unwrap();
    let replies = String::from_utf8(replies).unwrap();
    let replies: Vec<Reply> = replies.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let timed =
        |reply: &Reply| matches!(reply, Reply::Time { seconds, flops, .. } if *seconds > 0.0 && *flops == 8192.0);
    assert!(
        matches!(replies[0], Reply::Loaded { code: Some(_) }) && timed(&replies[1]) && timed(&replies[2]),
        "{replies:?}"
    );
    assert!(replies[3..6].iter().all(|reply| matches!(reply, Reply::Refused(_))), "{replies:?}");
    assert!(matches!(replies[6], Reply::Loaded { .. }) && timed(&replies[7]) && replies.len() == 8, "{replies:?}");
}
