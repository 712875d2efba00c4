use hwc_runtime::Tensor;

use crate::attrs;
use crate::attrs::Attrs;
use crate::op::Op;
use crate::reference::evaluate;

/// Samples the row 10, 20, 30, 40 at these coordinates.
fn run(attrs: Attrs, at: &[f64]) -> Vec<f64> {
    let x = Tensor::from_vec(vec![1, 1, 4], vec![10.0, 20.0, 30.0, 40.0]).unwrap();
    let grid = Tensor::from_vec(vec![1, at.len(), 1], at.to_vec()).unwrap();
    evaluate(Op::GridSample, &attrs, &[Some(&x), Some(&grid)]).unwrap()[0].to_vec().unwrap()
}

#[test]
fn ends_of_the_axis() {
    assert_eq!(run(attrs! {"align_corners" => true}, &[-1.0, 0.0, 1.0]), [10.0, 25.0, 40.0]);
    assert_eq!(run(attrs! {}, &[-0.75, 0.0, 0.5]), [10.0, 25.0, 35.0]);
    // Half of what lies at the border is outside.
    assert_eq!(run(attrs! {}, &[-1.0]), [5.0]);
}

#[test]
fn outside() {
    let far = [f64::NAN, f64::NEG_INFINITY, 1e300];
    assert_eq!(run(attrs! {"padding" => "zeros"}, &far), [0.0; 3]);
    assert_eq!(run(attrs! {"padding" => "border"}, &far), [10.0, 10.0, 40.0]);
    let reflect = attrs! {"padding" => "reflection", "mode" => "nearest"};
    // Places -1, -2, 4 and 7 mirrored at -0.5 and 3.5.
    assert_eq!(run(reflect.clone(), &[-1.25, -1.75, 1.25, 2.75]), [10.0, 20.0, 40.0, 10.0]);
    assert!(run(reflect, &far).iter().all(|v| (10.0..=40.0).contains(v)));
    let corners = attrs! {"padding" => "reflection", "align_corners" => true};
    // Places -1, 4 and 6 mirrored at 0 and 3.
    let y = run(corners, &[-1.0 - 2.0 / 3.0, 1.0 + 2.0 / 3.0, 3.0]);
    assert!(y.iter().zip([20.0, 30.0, 10.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{y:?}");
}

#[test]
fn modes() {
    assert_eq!(run(attrs! {"mode" => "nearest", "align_corners" => true}, &[0.0, -0.9, 0.9]), [30.0, 10.0, 40.0]);
    let cubic = run(attrs! {"mode" => "cubic", "align_corners" => true, "padding" => "border"}, &[-1.0 / 3.0, 0.0]);
    assert!((cubic[0] - 20.0).abs() < 1e-9 && (cubic[1] - 25.0).abs() < 1e-9, "{cubic:?}");
}

#[test]
fn planes_take_the_last_axis_first() {
    let x = Tensor::from_vec(vec![1, 1, 2, 2], vec![1.0f32, 2.0, 3.0, 4.0]).unwrap();
    let grid = Tensor::from_vec(vec![1, 1, 2, 2], vec![1.0f32, -1.0, -1.0, 1.0]).unwrap();
    let y = evaluate(Op::GridSample, &attrs! {"align_corners" => true}, &[Some(&x), Some(&grid)]).unwrap();
    assert_eq!(y[0].to_vec::<f32>(), Ok(vec![2.0, 3.0]));
}
