//! Every call, error and datatype of the protocol over gRPC.

use adapters::oip::proto::grpc_inference_service_client::GrpcInferenceServiceClient;
use adapters::oip::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use adapters::oip::proto::{
    InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelReadyRequest,
    ModelStatisticsRequest, ServerLiveRequest, ServerMetadataRequest, ServerReadyRequest,
};
use anyhow::{Result, ensure};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::conformance::NUMBERS;
use super::{World, yes_of};

pub type Client = GrpcInferenceServiceClient<Channel>;

pub async fn connect(world: &World) -> Result<Client> {
    Ok(Client::new(channel(world).await?))
}

async fn channel(world: &World) -> Result<Channel> {
    Ok(Channel::from_shared(format!("http://{}", world.grpc))?.connect().await?)
}

/// One row of one input.
fn asked(name: &str, datatype: &str, contents: InferTensorContents) -> ModelInferRequest {
    let input = InferInputTensor {
        name: name.into(),
        datatype: datatype.into(),
        shape: vec![1],
        contents: Some(contents),
        ..<_>::default()
    };
    ModelInferRequest { model_name: "shop".into(), inputs: vec![input], ..<_>::default() }
}

fn raw(name: &str, datatype: &str, bytes: &[u8]) -> ModelInferRequest {
    let mut asked = asked(name, datatype, InferTensorContents::default());
    asked.raw_input_contents = vec![bytes.to_vec().into()];
    asked
}

pub fn one() -> ModelInferRequest {
    asked("amount", "FP32", InferTensorContents { fp32_contents: vec![1.0], ..<_>::default() })
}

/// One in the contents of each datatype.
fn contents_of(datatype: &str) -> InferTensorContents {
    let mut contents = InferTensorContents::default();
    match datatype {
        "UINT8" | "UINT16" | "UINT32" => contents.uint_contents = vec![1],
        "UINT64" => contents.uint64_contents = vec![1],
        "INT64" => contents.int64_contents = vec![1],
        "FP64" => contents.fp64_contents = vec![1.0],
        "FP32" | "FP16" | "BF16" => contents.fp32_contents = vec![1.0],
        _ => contents.int_contents = vec![1],
    }
    contents
}

async fn infer(client: &mut Client, request: ModelInferRequest) -> Result<ModelInferResponse, Status> {
    Ok(client.model_infer(request).await?.into_inner())
}

#[tokio::test]
async fn every_datatype_is_taken_in_contents_and_raw() -> Result<()> {
    let world = World::start()?;
    let mut client = connect(&world).await?;
    for (datatype, bytes, in_contents) in NUMBERS {
        let answered = infer(&mut client, asked("amount", datatype, contents_of(datatype))).await;
        ensure!(answered.is_ok() == in_contents, "{datatype}: {answered:?}");
        if let Ok(answer) = answered {
            let contents = answer.outputs[0].contents.clone().unwrap_or_default();
            ensure!(
                (f64::from(contents.fp32_contents[1]) - yes_of(7)).abs() < 1e-6,
                "{datatype}: {answer:?}"
            );
            ensure!(
                answer.raw_output_contents.is_empty(),
                "{datatype}: asked in contents, answered in contents"
            );
        }
        let answer = infer(&mut client, raw("amount", datatype, bytes)).await?;
        ensure!(answer.raw_output_contents.len() == 2 && answer.outputs[0].contents.is_none(), "{datatype}");
        let yes = f32::from_le_bytes(answer.raw_output_contents[0][4..8].try_into()?);
        ensure!((f64::from(yes) - yes_of(7)).abs() < 1e-6, "{datatype}: {yes}");
        ensure!(answer.raw_output_contents[1] == [3, 0, 0, 0, b'y', b'e', b's'], "{datatype}");
    }
    let bools = InferTensorContents { bool_contents: vec![true], ..<_>::default() };
    let texts = InferTensorContents { bytes_contents: vec![b"NL".to_vec()], ..<_>::default() };
    for request in [
        asked("member", "BOOL", bools),
        raw("member", "BOOL", &[1]),
        asked("country", "BYTES", texts),
        raw("country", "BYTES", &[2, 0, 0, 0, b'N', b'L']),
    ] {
        ensure!(infer(&mut client, request.clone()).await.is_ok(), "{request:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_call_answers() -> Result<()> {
    let world = World::start()?;
    let mut client = connect(&world).await?;
    ensure!(client.server_live(ServerLiveRequest {}).await?.into_inner().live);
    ensure!(client.server_ready(ServerReadyRequest {}).await?.into_inner().ready);
    let server = client.server_metadata(ServerMetadataRequest {}).await?.into_inner();
    ensure!(
        server.name == "driftform" && server.extensions == ["binary_tensor_data", "statistics"],
        "{server:?}"
    );
    for version in ["", "5", "7"] {
        let (name, version) = ("shop".to_owned(), version.to_owned());
        let ready = ModelReadyRequest { name: name.clone(), version: version.clone() };
        ensure!(client.model_ready(ready).await?.into_inner().ready, "{version}");
        let (of, which) = (name.clone(), version.clone());
        let told =
            client.model_statistics(ModelStatisticsRequest { name: of, version: which }).await?.into_inner();
        let one = told.model_stats.first().map(|one| (one.name.as_str(), one.inference_stats.is_some()));
        ensure!(one == Some(("shop", true)), "{told:?}");
        let asked = ModelMetadataRequest { name, version };
        let model = client.model_metadata(asked).await?.into_inner();
        ensure!(model.versions == ["5", "7"] && model.platform == "candle_safetensors", "{model:?}");
        let shapes: Vec<_> =
            model.outputs.iter().map(|output| (output.name.as_str(), &output.shape[..])).collect();
        ensure!(shapes == [("probabilities", &[-1, 2][..]), ("label", &[-1])], "{model:?}");
    }
    let mut request = one();
    (request.id, request.model_version) = ("r".into(), "5".into());
    request.outputs = vec![InferRequestedOutputTensor { name: "label".into(), ..<_>::default() }];
    let answer = infer(&mut client, request).await?;
    ensure!(answer.id == "r" && answer.model_version == "5" && answer.outputs.len() == 1, "{answer:?}");
    ensure!(answer.parameters.contains_key("generation"), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn every_error_has_its_code() -> Result<()> {
    let world = World::start()?;
    let mut client = connect(&world).await?;
    let with = |change: fn(&mut ModelInferRequest)| {
        let mut request = one();
        change(&mut request);
        request
    };
    for (request, code) in [
        (with(|request| request.inputs.clear()), Code::InvalidArgument),
        (with(|request| request.inputs[0].datatype = "INT9".into()), Code::InvalidArgument),
        (with(|request| request.inputs[0].shape = vec![2]), Code::InvalidArgument),
        (with(|request| request.raw_input_contents = vec![vec![0; 4].into()]), Code::InvalidArgument),
        (with(|request| request.model_name = "other".into()), Code::NotFound),
        (with(|request| request.model_version = "6".into()), Code::NotFound),
        (with(|request| request.model_version = "latest".into()), Code::NotFound),
        (raw("amount", "FP32", &[0; 4 * 65]), Code::InvalidArgument),
    ] {
        let status = infer(&mut client, request.clone()).await.expect_err("it is refused");
        ensure!(status.code() == code && !status.message().is_empty(), "{request:?}: {status:?}");
    }
    let mut many = raw("amount", "FP32", &[0; 4 * 65]);
    many.inputs[0].shape = vec![65];
    let status = infer(&mut client, many).await.expect_err("too many rows");
    ensure!(status.code() == Code::ResourceExhausted, "{status:?}");
    // Longer than is read: refused before it is decoded.
    let status = infer(&mut client, raw("amount", "FP32", &vec![0; 100_001])).await.expect_err("too long");
    ensure!(status.code() == Code::OutOfRange, "{status:?}");
    let mut other = HealthCheckRequest { service: "inference.GRPCInferenceService".into() };
    let mut health = HealthClient::new(channel(&world).await?);
    ensure!(health.check(other.clone()).await?.into_inner().status == 1, "serving");
    other.service = "nobody".into();
    ensure!(health.check(other).await.is_err_and(|status| status.code() == Code::NotFound));
    Ok(())
}

#[tokio::test]
async fn health_follows_the_probes() -> Result<()> {
    let world = World::start()?;
    let mut health = HealthClient::new(channel(&world).await?);
    let mut watched = health.watch(HealthCheckRequest { service: String::new() }).await?.into_inner();
    ensure!(watched.message().await?.is_some_and(|seen| seen.status == 1), "serving");
    world.health.send_modify(|health| health.ready = false);
    // The same may be said twice before.
    while watched.message().await?.is_some_and(|seen| seen.status != 2) {}
    let mut client = connect(&world).await?;
    ensure!(!client.server_ready(ServerReadyRequest {}).await?.into_inner().ready);
    Ok(())
}
