//! What tensors promise: every datatype is read, and raw bytes that do not fit their shape are refused.

#![allow(clippy::unwrap_used, clippy::cast_possible_wrap, reason = "tests may")]

use proptest::prelude::*;

use super::*;

fn head(datatype: Datatype, shape: &[i64]) -> Head {
    Head::new("x".into(), datatype.name(), shape).unwrap()
}

fn texts_in(items: &[&[u8]]) -> Vec<u8> {
    items.iter().flat_map(|item| [&(item.len() as u32).to_le_bytes(), *item].concat()).collect()
}

#[test]
fn every_datatype_is_read_from_raw_bytes() {
    let cases: [(Datatype, Vec<u8>, Data); 14] = [
        (Datatype::Bool, vec![0, 1], Data::Bools(vec![false, true])),
        (Datatype::Uint8, vec![1, 255], Data::Unsigned(vec![1, 255])),
        (Datatype::Uint16, vec![1, 0, 255, 255], Data::Unsigned(vec![1, 65_535])),
        (
            Datatype::Uint32,
            [1, u32::MAX].map(u32::to_le_bytes).concat(),
            Data::Unsigned(vec![1, u64::from(u32::MAX)]),
        ),
        (Datatype::Uint64, [1, u64::MAX].map(u64::to_le_bytes).concat(), Data::Unsigned(vec![1, u64::MAX])),
        (Datatype::Int8, vec![1, 255], Data::Signed(vec![1, -1])),
        (
            Datatype::Int16,
            [1, i16::MIN].map(i16::to_le_bytes).concat(),
            Data::Signed(vec![1, i16::MIN.into()]),
        ),
        (
            Datatype::Int32,
            [1, i32::MIN].map(i32::to_le_bytes).concat(),
            Data::Signed(vec![1, i32::MIN.into()]),
        ),
        (Datatype::Int64, [1, i64::MIN].map(i64::to_le_bytes).concat(), Data::Signed(vec![1, i64::MIN])),
        (Datatype::Fp16, vec![0x00, 0x3c, 0x00, 0xc1], Data::Floats(vec![1.0, -2.5])),
        (Datatype::Bf16, vec![0x80, 0x3f, 0x20, 0xc0], Data::Floats(vec![1.0, -2.5])),
        (Datatype::Fp32, [1.0, -2.5].map(f32::to_le_bytes).concat(), Data::Floats(vec![1.0, -2.5])),
        (Datatype::Fp64, [1.0, 1e300].map(f64::to_le_bytes).concat(), Data::Floats(vec![1.0, 1e300])),
        (Datatype::Bytes, texts_in(&[b"a", b""]), Data::Bytes(vec![b"a".to_vec(), Vec::new()])),
    ];
    for (datatype, bytes, expected) in cases {
        assert_eq!(head(datatype, &[2]).with_raw(&bytes).unwrap().data, expected, "{}", datatype.name());
        for wrong in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), &[0]].concat()] {
            let refusal = head(datatype, &[2]).with_raw(wrong).unwrap_err();
            assert!(refusal.message.contains("`x`"), "{}: {refusal}", datatype.name());
        }
        assert!(head(datatype, &[3]).with_raw(&bytes).is_err(), "{}", datatype.name());
    }
}

#[test]
fn shapes_that_lie_are_refused_before_anything_is_read() {
    for (shape, expected) in [
        (vec![-1], "negative"),
        (vec![i64::MAX, i64::MAX], "more than"),
        (vec![1 << 40], "more than"),
        (vec![1; RANK_MAX + 1], "dimensions"),
    ] {
        let refusal = Head::new("x".into(), "FP32", &shape).unwrap_err();
        assert!(refusal.message.contains(expected), "{refusal}");
    }
    let refusal = Head::new("x".into(), "fp32", &[1]).unwrap_err();
    assert!(refusal.message.contains("FP32"), "{refusal}");
}

proptest! {
    #[test]
    fn raw_bytes_become_as_many_elements_as_the_shape_says_or_an_error(
        datatype in prop::sample::select(&Datatype::ALL[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        count in 0_i64..20,
    ) {
        if let Ok(tensor) = head(datatype, &[count]).with_raw(&bytes) {
            prop_assert_eq!(tensor.data.count() as i64, count);
        }
    }

    #[test]
    fn what_is_written_raw_is_read_again(
        numbers in prop::collection::vec(any::<f32>().prop_filter("NaN is not itself", |n| !n.is_nan()), 0..9),
        words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
        bools in prop::collection::vec(any::<bool>(), 0..9),
    ) {
        for (datatype, data) in [
            (Datatype::Fp32, Data::Floats(numbers.into_iter().map(f64::from).collect())),
            (Datatype::Bytes, Data::Bytes(words)),
            (Datatype::Bool, Data::Bools(bools)),
        ] {
            let shape = [data.count() as i64];
            let tensor = head(datatype, &shape).with(data).unwrap();
            prop_assert_eq!(head(datatype, &shape).with_raw(&tensor.to_raw()).unwrap(), tensor);
        }
    }
}
