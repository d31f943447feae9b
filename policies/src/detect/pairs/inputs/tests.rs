//! Numbers have mean zero and spread one, whatever the feature.

use super::*;

fn features(kinds: &[FeatureKind]) -> Vec<Feature> {
    kinds.iter().enumerate().map(|(at, kind)| Feature { name: format!("f{at}"), kind: *kind }).collect()
}

#[test]
fn each_number_has_mean_zero_and_spread_one() {
    let kinds = [FeatureKind::Numeric, FeatureKind::Categorical { buckets: 20 }, FeatureKind::Boolean];
    let row = |at: u16| {
        let number = if at.is_multiple_of(10) { f32::NAN } else { 100.0 + f32::from(at % 7) };
        Row::new(vec![number, f32::from(at % 20), f32::from(at % 2)]).expect("finite")
    };
    let rows: Vec<Row> = (0..1_400).map(row).collect();
    let inputs = Inputs::new(&features(&kinds), &rows);
    assert_eq!((inputs.width(), inputs.features().len()), (2 + 9 + 2, 13));
    let (mut sums, mut squares, mut numbers) = ([0.0; 13], [0.0; 13], Vec::new());
    for row in &rows {
        inputs.encode(row, &mut numbers);
        for (at, number) in numbers.iter().enumerate() {
            sums[at] += f64::from(*number) / 1_400.0;
            squares[at] += f64::from(*number).powi(2) / 1_400.0;
        }
    }
    assert!(sums.iter().all(|sum| sum.abs() < 1e-4), "{sums:?}");
    for at in inputs.varying() {
        assert!((0.85..1.01).contains(&squares[at as usize]), "{at}: {squares:?}");
    }
    assert_eq!(inputs.varying(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11], "nothing else is ever missing");
}

#[test]
fn a_constant_and_what_was_always_missing_are_zero() {
    let rows = [[3.0, f32::NAN], [3.0, f32::NAN]].map(|row| Row::new(row.to_vec()).expect("finite"));
    let inputs = Inputs::new(&features(&[FeatureKind::Numeric; 2]), &rows);
    let mut numbers = vec![9.0];
    inputs.encode(&Row::new(vec![1e30, 5.0]).expect("finite"), &mut numbers);
    assert_eq!(numbers, [0.0; 4]);
    assert!(inputs.varying().is_empty());
}
