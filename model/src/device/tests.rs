//! What device promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

#[test]
fn text_and_choice_are_two_forms_of_one_thing() {
    for choice in [DeviceChoice::Cpu, DeviceChoice::Cuda(0), DeviceChoice::Cuda(12)] {
        assert_eq!(choice.to_string().parse::<DeviceChoice>().unwrap(), choice);
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(serde_json::from_str::<DeviceChoice>(&json).unwrap(), choice);
    }
    assert!("gpu".parse::<DeviceChoice>().unwrap_err().to_string().contains("cuda:0"));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn says_how_to_get_a_gpu() {
    let message = DeviceChoice::Cuda(0).open().unwrap_err().to_string();
    assert!(message.contains("cuda:0") && message.contains("feature `cuda`"), "{message}");
}

#[test]
fn a_device_that_is_not_there_is_refused_in_one_line() {
    let message = DeviceChoice::Cuda(999).open().unwrap_err().to_string();
    assert!(message.starts_with("device cuda:999: ") && message.ends_with("`cpu`"), "{message}");
    assert!(!message.contains('\n'), "{message}");
}
