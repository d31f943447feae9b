//! Messages over gRPC, contents and raw contents: whatever they are, an answer or a code, within bounded memory.
//!
//! An input is what a file of `tests/tests/oip/corpus/grpc` is: a `ModelInferRequest`.

#![no_main]

use adapters::oip::grpc::respond;
use adapters::oip::proto::ModelInferRequest;
use fuzz::World;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use tonic::Code;

thread_local! {
    static WORLD: World = World::new();
}

fuzz_target!(|input: &[u8]| {
    // What is no message never reaches the service: the library says so itself.
    let Ok(message) = ModelInferRequest::decode(input) else { return };
    let said = WORLD.with(|world| world.ask(input.len(), async |front| respond(front, message).await));
    if let Err(status) = said {
        let known = [Code::InvalidArgument, Code::NotFound, Code::ResourceExhausted];
        assert!(known.contains(&status.code()) && !status.message().is_empty(), "{status:?}");
    }
});
