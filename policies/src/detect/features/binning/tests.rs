//! A bin is described as what falls into it.

use proptest::prelude::*;

use super::*;

#[test]
fn ends_are_named_as_they_lie() {
    let binning = Binning::new(FeatureKind::Numeric, [1.0, 2.0, f32::NAN].into_iter());
    assert_eq!(binning.bins(), 5);
    let described: Vec<Bin> = (0..5).map(|bin| binning.describe(bin)).collect();
    let (below, above) = (f32::NEG_INFINITY, f32::INFINITY);
    let expected = [
        Bin::Between(below, 1.0),
        Bin::Between(1.0, 1.0),
        Bin::Between(1.0, 2.0),
        Bin::Between(2.0, above),
        Bin::Missing,
    ];
    assert_eq!(described, expected);
    let category = Binning::new(FeatureKind::Boolean, std::iter::empty());
    assert_eq!((category.describe(1), category.describe(2)), (Bin::Category(1), Bin::Missing));
}

proptest! {
    #[test]
    fn a_number_lies_where_its_bin_says(
        first in prop::collection::vec(-10.0..10.0_f32, 0..50), value in -20.0..20.0_f32,
    ) {
        let binning = Binning::new(FeatureKind::Numeric, first.into_iter());
        let bin = binning.bin(value);
        prop_assert!(bin < binning.bins() - 1);
        let Bin::Between(low, high) = binning.describe(bin) else { return Err(TestCaseError::fail("a number")) };
        prop_assert!((low <= value && value <= high), "{value} in {low}..={high}");
    }
}
