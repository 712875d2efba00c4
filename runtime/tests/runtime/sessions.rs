//! Loading and running.

use hwc_runtime::{RunError, Session, Tensor, TensorView, TensorViewMut};

use crate::common::{N, Scratch, artifact, compile, example, manifest, weights};

fn session() -> Session {
    Session::load(artifact(&Scratch::new())).expect("a sound artifact")
}

#[test]
fn an_artifact_runs_and_outlives_its_file() {
    let session = session();
    let (x, y) = example(1.0);
    let no = Tensor::from_bytes(hwc_runtime::DType::Bool, vec![], vec![0u8]).expect("a scalar");
    let outputs = session.run([("negate", &no), ("x", &x)]).expect("a run");
    assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(y)));
    assert_eq!(outputs.get("count").map(|t| t.to_vec::<i64>()), Some(Ok(vec![N as i64])));
    assert_eq!(outputs.get("empty").map(|t| (t.shape(), t.is_empty())), Some((&[0, 5][..], true)));
    assert_eq!(outputs.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["y", "empty", "count"]);
    assert!(outputs.get("x").is_none());
}

#[test]
fn a_library_runs_with_the_weights_beside_it() {
    let scratch = Scratch::new();
    compile(&scratch.path("libtiny.so"), &manifest().to_json(), &[]);
    let mut image = Vec::new();
    weights().write_to(&mut image).expect("a vector takes everything");
    std::fs::write(scratch.path("tiny.weights"), &image).expect("writable");
    let session = Session::load(scratch.path("libtiny.so")).expect("a sound library");
    let (x, y) = example(-3.0);
    let outputs = session.run([("x", TensorView::from(&x)), ("negate", BOOL_FALSE)]).expect("a run");
    assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(y)));

    image[17] ^= 1;
    std::fs::write(scratch.path("tiny.weights"), &image).expect("writable");
    let error = Session::load(scratch.path("libtiny.so")).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("tiny.weights: damaged"), "{error}");
    std::fs::write(scratch.path("tiny.weights"), &image[1..]).expect("writable");
    let error = Session::load(scratch.path("libtiny.so")).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("bytes, but the library says"), "{error}");
    std::fs::remove_file(scratch.path("tiny.weights")).expect("it was there");
    let error = Session::load(scratch.path("libtiny.so")).err();
    assert!(error.as_ref().is_some_and(|e| e.is_environment() && e.to_string().contains("tiny.weights")), "{error:?}");
}

const BOOL_FALSE: TensorView = TensorView { dtype: hwc_runtime::DType::Bool, shape: &[], data: &[0] };

#[test]
fn everything_wrong_with_the_tensors_is_listed() {
    let session = session();
    let x = Tensor::from_vec(vec![100, 10], vec![0f32; N]).expect("sizes agree");
    let mode = Tensor::from_vec(vec![1], vec![8i64]).expect("sizes agree");
    let unknown = Tensor::scalar(1.0f32);
    let error = session.run([("x", &x), ("mode", &mode), ("z", &unknown)]).expect_err("nothing fits").to_string();
    assert_eq!(
        error,
        "the tensors do not fit the model: 4 problems\n  \
         - input `x`: expected f32 [10, 100], got f32 [100, 10]\n  \
         - input `mode`: the model was compiled for another value of this input: leave it out, or compile for this value\n  \
         - input `z`: the model has no such input; it has `x`, `negate`, `mode`\n  \
         - input `negate`: missing; give a tensor of bool []"
    );
    let two = TensorView { data: &[2], ..BOOL_FALSE };
    let short = TensorView { data: &[0; 3999], ..TensorView::from(&x) };
    let short = TensorView { shape: &[10, 100], ..short };
    let error = session.run([("x", short), ("negate", two)]).expect_err("nothing fits").to_string();
    assert!(error.contains("input `x`: f32 [10, 100] takes 4000 bytes, got 3999"), "{error}");
    assert!(error.contains("input `negate`: element 0 is stored as 0x02, which is no bool"), "{error}");
    let (x, _) = example(0.0);
    let x = TensorView::from(&x);
    let error = session.run([("x", x), ("negate", BOOL_FALSE), ("x", x)]).expect_err("twice").to_string();
    assert_eq!(error, "the tensors do not fit the model: input `x`: given twice");
}

#[test]
fn outputs_of_the_callers_are_checked_likewise() {
    let session = session();
    let (x, _) = example(0.0);
    let inputs = [("x", TensorView::from(&x)), ("negate", BOOL_FALSE)];
    let mut memory = [0u64; 502];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
    let (shape, dtype) = (&[10, 100][..], hwc_runtime::DType::F32);
    let room = |data| TensorViewMut { dtype, shape, data };
    let error = session.run_into(inputs, [("y", room(&mut bytes[1..4001])), ("q", room(&mut []))]).expect_err("unfit");
    let error = error.to_string();
    for part in [
        "output `y`: the memory is not aligned to its elements",
        "output `q`: the model has no such output; it has `y`, `empty`, `count`",
        "output `empty`: missing; give room for f32 [0, 5]",
        "output `count`: missing; give room for i64 []",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn unaligned_and_bound_inputs_are_taken() {
    let session = session();
    let (x, y) = example(2.0);
    let mut shifted = vec![0u8];
    shifted.extend(x.bytes());
    let mut copy = bytes::Bytes::from(shifted);
    // One of these two addresses is odd.
    for _ in 0..2 {
        let x = TensorView { data: &copy[copy.len() - 4000..], ..TensorView::from(&x) };
        let inputs = [("x", x), ("negate", BOOL_FALSE), ("mode", TensorView::of(&[1], &[7i64]))];
        let outputs = session.run(inputs).expect("a run");
        assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(y.clone())));
        let mut longer = copy.to_vec();
        longer.insert(0, 0);
        copy = longer.into();
    }
}

#[test]
fn a_status_of_the_code_becomes_an_error() {
    let (x, _) = example(12345.0);
    let error = session().run([("x", TensorView::from(&x)), ("negate", BOOL_FALSE)]).expect_err("status 1");
    assert!(matches!(error, RunError::Stopped { status: 1 }), "{error:?}");
    assert!(error.to_string().contains("such as an index"), "{error}");
}

#[test]
fn threads_do_not_disturb_each_other() {
    let session = session();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let session = &session;
            scope.spawn(move || {
                for round in 0..50 {
                    let (x, mut y) = example((thread * 100 + round) as f32);
                    let negate = [(round % 2) as u8];
                    if round % 2 == 1 {
                        y.iter_mut().for_each(|y| *y = -*y);
                    }
                    let negate = TensorView { data: &negate, ..BOOL_FALSE };
                    let outputs = session.run([("x", TensorView::from(&x)), ("negate", negate)]).expect("a run");
                    assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(y)));
                    if round == 25 {
                        session.release_memory();
                    }
                }
            });
        }
    });
}

#[test]
fn many_models_are_loaded_at_once() {
    let scratch = Scratch::new();
    let path = artifact(&scratch);
    let (x, y) = example(5.0);
    let inputs = [("x", TensorView::from(&x)), ("negate", BOOL_FALSE)];
    for _ in 0..3 {
        let sessions: Vec<_> = (0..20).map(|_| Session::load(&path).expect("a sound artifact")).collect();
        for session in sessions.iter().rev() {
            let outputs = session.run(inputs).expect("a run");
            assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(y.clone())));
        }
    }
}
