use hwc_runtime::Tensor;

use super::*;
use crate::attrs;
use crate::op::Op;
use crate::reference::evaluate;

fn run(attrs: Attrs, values: &[f64]) -> Vec<f64> {
    let x = Tensor::from_vec(vec![values.len()], values.to_vec()).unwrap();
    evaluate(Op::Resize, &attrs, &[Some(&x)]).unwrap().remove(0).to_vec().unwrap()
}

/// Attributes that resize the only axis.
fn to(mut attrs: Attrs, size: i64) -> Attrs {
    attrs.set("axes", vec![0]);
    attrs.set("sizes", vec![size]);
    attrs
}

#[test]
fn nearest_rounds_as_asked() {
    let nearest = |rounding: &str| {
        run(to(attrs! {"nearest" => rounding, "coordinates" => "asymmetric"}, 8), &[0.0, 1.0, 2.0, 3.0])
    };
    assert_eq!(nearest("floor"), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    assert_eq!(nearest("ceil"), [0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(nearest("round_prefer_floor"), nearest("floor"));
    assert_eq!(nearest("round_prefer_ceil"), nearest("ceil"));
}

#[test]
fn linear_interpolates_between_neighbors() {
    let linear =
        |coordinates: &str, size| run(to(attrs! {"mode" => "linear", "coordinates" => coordinates}, size), &[0.0, 4.0]);
    assert_eq!(linear("half_pixel", 4), [0.0, 1.0, 3.0, 4.0]);
    assert_eq!(linear("asymmetric", 4), [0.0, 2.0, 4.0, 4.0]);
    assert_eq!(linear("align_corners", 5), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(linear("pytorch_half_pixel", 1), [0.0]);
    assert_eq!(linear("half_pixel", 1), [2.0]);
    assert_eq!(linear("half_pixel", 2), [0.0, 4.0]);
}

#[test]
fn cubic_reproduces_a_line_and_its_weights_sum_to_one() {
    let line: Vec<f64> = (0..8).map(f64::from).collect();
    let y = run(to(attrs! {"mode" => "cubic", "cubic_a" => -0.5}, 16), &line);
    // Away from the ends, where the edge is repeated, the line comes out.
    for (i, v) in y.iter().enumerate().skip(4).take(8) {
        assert!((v - ((i as f64 + 0.5) / 2.0 - 0.5)).abs() < 1e-9, "{y:?}");
    }
    for exclude in [false, true] {
        let ones = run(to(attrs! {"mode" => "cubic", "exclude_outside" => exclude, "antialias" => true}, 3), &[1.0; 7]);
        assert!(ones.iter().all(|v| (v - 1.0).abs() < 1e-12), "{ones:?}");
    }
}

#[test]
fn antialiasing_averages_when_shrinking() {
    let attrs = to(attrs! {"mode" => "linear", "antialias" => true, "exclude_outside" => true}, 1);
    // Triangle of width 8 around 1.5: weights 2.5, 3.5, 3.5, 2.5 of 12.
    assert!((run(attrs, &[0.0, 0.0, 12.0, 12.0])[0] - 6.0).abs() < 1e-12);
}

#[test]
fn crops_extrapolate() {
    let crop = attrs! {"mode" => "linear", "coordinates" => "tf_crop_and_resize", "roi" => vec![0.0, 2.0], "extrapolation" => 9.0};
    assert_eq!(run(to(crop, 3), &[0.0, 1.0, 2.0]), [0.0, 2.0, 9.0]);
}

#[test]
fn aspect_ratios_are_kept() {
    let x = Tensor::from_vec(vec![2, 4], (0..8).map(f64::from).collect()).unwrap();
    let shape = |policy: &str| {
        let attrs = attrs! {"axes" => vec![0, 1], "sizes" => vec![7, 8], "policy" => policy};
        evaluate(Op::Resize, &attrs, &[Some(&x)]).unwrap()[0].shape().to_vec()
    };
    assert_eq!(shape("stretch"), [7, 8]);
    assert_eq!(shape("not_larger"), [4, 8]);
    assert_eq!(shape("not_smaller"), [7, 14]);
}

#[test]
fn integers_round_and_clamp() {
    let x = Tensor::from_vec(vec![3], vec![0u8, 255, 255]).unwrap();
    let attrs = to(attrs! {"mode" => "cubic"}, 6);
    let y: Vec<u8> = evaluate(Op::Resize, &attrs, &[Some(&x)]).unwrap()[0].to_vec().unwrap();
    // Cubic filters overshoot: -20.2, 46.8, 208.2, 275.2, 273.9 and 255 before the clamp.
    assert_eq!(y[0], 0);
    assert_eq!(y[3], 255);
    let fine = run(attrs, &[0.0, 255.0, 255.0]);
    assert!(fine[0] < 0.0 && fine[3] > 255.0, "{fine:?}");
    assert_eq!(f64::from(y[1]), fine[1].round_ties_even());
}

#[test]
fn sizes_and_scales_are_checked() {
    let refused = |attrs: Attrs| {
        let x = Tensor::from_vec(vec![2], vec![0.0f32; 2]).unwrap();
        evaluate(Op::Resize, &attrs, &[Some(&x)]).expect_err("must be refused").0
    };
    assert_eq!(refused(attrs! {"axes" => vec![0]}).len(), 1);
    assert_eq!(refused(attrs! {"axes" => vec![0, 0], "scales" => vec![2.0, -1.0], "mode" => "best"}).len(), 3);
    assert_eq!(refused(attrs! {"axes" => vec![0], "scales" => vec![f64::NAN]}).len(), 1);
    assert_eq!(refused(attrs! {"axes" => vec![0], "sizes" => vec![2], "antialias" => true}).len(), 1);
}
