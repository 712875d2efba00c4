use hwc_runtime::Tensor;

use crate::attrs;
use crate::attrs::Attrs;
use crate::op::Op;
use crate::reference::evaluate;

fn run(attrs: Attrs, shape: &[usize], values: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let x = Tensor::from_vec(shape, values.to_vec()).unwrap();
    let y = evaluate(Op::Dft, &attrs, &[Some(&x)]).unwrap().remove(0);
    (y.shape().to_vec(), y.to_vec().unwrap())
}

#[track_caller]
fn close(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    assert!(actual.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{actual:?} {expected:?}");
}

#[test]
fn a_real_signal() {
    let (shape, y) = run(attrs! {"axis" => 0i64}, &[4, 1], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(shape, [4, 2]);
    close(&y, &[10.0, 0.0, -2.0, 2.0, -2.0, 0.0, -2.0, -2.0]);
    let (shape, half) = run(attrs! {"axis" => 0i64, "onesided" => true}, &[4, 1], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(shape, [3, 2]);
    close(&half, &y[..6]);
}

#[test]
fn the_inverse_undoes_the_transform() {
    let x: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7)).collect();
    let (shape, y) = run(attrs! {"axis" => 1i64}, &[1, 3, 2, 2], &x);
    assert_eq!(shape, [1, 3, 2, 2]);
    close(&run(attrs! {"axis" => 1i64, "inverse" => true}, &shape, &y).1, &x);
}

#[test]
fn a_length_cuts_or_pads() {
    let cut = run(attrs! {"axis" => 0i64, "length" => 2i64}, &[3, 1], &[1.0, 2.0, 3.0]).1;
    close(&cut, &[3.0, 0.0, -1.0, 0.0]);
    let padded = run(attrs! {"axis" => 0i64, "length" => 4i64}, &[2, 1], &[1.0, 2.0]).1;
    close(&padded, &run(attrs! {"axis" => 0i64}, &[4, 1], &[1.0, 2.0, 0.0, 0.0]).1);
}
