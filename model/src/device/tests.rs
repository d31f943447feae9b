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
