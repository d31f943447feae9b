//! Compiles the gRPC half of the Open Inference Protocol, without protoc.
//!
//! Lives here: that alone. May not: look at the machine it runs on.

const PROTO: &str = "proto/inference.proto";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let files = protox::compile([PROTO], ["proto"])?;
    tonic_prost_build::configure()
        .btree_map(".")
        .bytes(".inference.ModelInferRequest.raw_input_contents")
        .compile_fds(files)?;
    Ok(())
}
