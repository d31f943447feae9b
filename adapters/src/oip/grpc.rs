//! The gRPC road in.
//!
//! Lives here: the service, beside `grpc.health.v1`, and serving both. May not: bind an address, or compute an answer.
//!
//! A call is admitted before its message is read, so that what is refused costs nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, watch};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::answers;
use super::doors::{Door, Guests};
use super::error::Refusal;
use super::front::{Front, FrontLimits};
use super::messages;
use super::proto::grpc_inference_service_server::{GrpcInferenceService, GrpcInferenceServiceServer};
use super::proto::{
    ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest,
    ModelReadyResponse, ModelStatisticsRequest, ModelStatisticsResponse, ServerLiveRequest,
    ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse, ServerReadyRequest,
    ServerReadyResponse,
};
use super::reply::{EXTENSIONS, PLATFORM, SERVER, SERVER_VERSION, versions};
use super::request::version;
use crate::http::Health;

/// As it is counted.
pub const PROTOCOL: &str = "grpc";
/// As TLS calls it.
pub const ALPN: &[u8] = b"h2";
/// Calls that one connection may have under way.
const STREAMS_MAX: u32 = 256;
/// How long a connection that was idle may take to say that somebody is there.
const PING_WAIT: Duration = Duration::from_secs(20);
/// The service, as `grpc.health.v1` is asked about it.
const SERVICE: &str = "inference.GRPCInferenceService";

/// Room that a call has taken, until it has been answered.
#[derive(Clone)]
struct Room(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Serves until `shutdown` is done, then finishes the calls it has.
pub async fn serve(
    door: Door,
    front: Front,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let follow = tokio::spawn(follow(reporter, front.health.clone()));
    let guests = Guests::of(door, &front.limits);
    let FrontLimits { request_bytes_max: most, idle, .. } = front.limits;
    let counter = front.clone();
    let admit = move |mut call: Request<()>| match counter.admit() {
        Ok(room) => {
            call.extensions_mut().insert(Room(Arc::new(room)));
            Ok(call)
        }
        Err(refusal) => {
            counter.count(PROTOCOL, Some(refusal.reason), Instant::now());
            Err(status(refusal))
        }
    };
    let service = GrpcInferenceServiceServer::new(Service(front)).max_decoding_message_size(most);
    let service = tonic::service::interceptor::InterceptedService::new(service, admit);
    let served = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_keepalive_interval(Some(idle))
        .http2_keepalive_timeout(Some(PING_WAIT))
        .add_service(health)
        .add_service(service)
        .serve_with_incoming_shutdown(guests.into_stream(), shutdown)
        .await;
    follow.abort();
    served.map_err(|error| error.to_string())
}

/// Tells health checks what the probes say.
async fn follow(reporter: HealthReporter, mut health: watch::Receiver<Health>) {
    loop {
        let ready = health.borrow_and_update().is_ready();
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in ["", SERVICE] {
            reporter.set_service_status(name, status).await;
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}

fn status(refusal: Refusal) -> Status {
    Status::new(refusal.reason.code(), refusal.message)
}

struct Service(Front);

impl Service {
    /// Counts a call, and says what became of it as gRPC does.
    fn answered<T>(&self, asked: Instant, result: Result<T, Refusal>) -> Result<Response<T>, Status> {
        self.0.count(PROTOCOL, result.as_ref().err().map(|refusal| refusal.reason), asked);
        result.map(Response::new).map_err(status)
    }

    fn model_ready(&self, asked: ModelReadyRequest) -> Result<ModelReadyResponse, Refusal> {
        let ModelReadyRequest { name, version: of } = asked;
        self.0.find(&name, version(&of)?)?;
        Ok(ModelReadyResponse { ready: self.0.is_ready() })
    }

    fn model_metadata(&self, asked: ModelMetadataRequest) -> Result<ModelMetadataResponse, Refusal> {
        let ModelMetadataRequest { name, version: of } = asked;
        let found = self.0.find(&name, version(&of)?)?;
        Ok(ModelMetadataResponse {
            name,
            versions: versions(&self.0),
            platform: PLATFORM.to_owned(),
            inputs: messages::described(answers::inputs(found.schema())),
            outputs: messages::described(answers::outputs(found.schema(), self.0.holds_back)),
            ..ModelMetadataResponse::default()
        })
    }

    fn model_statistics(&self, asked: ModelStatisticsRequest) -> Result<ModelStatisticsResponse, Refusal> {
        let ModelStatisticsRequest { name, version: of } = asked;
        // Every model is this one.
        let name = if name.is_empty() { &*self.0.model } else { name.as_str() };
        let found = self.0.find(name, version(&of)?)?;
        let told = self.0.stats.message(name, found.generation);
        Ok(ModelStatisticsResponse { model_stats: vec![told] })
    }
}

/// The answer to a message that came then.
async fn answer(
    front: &Front,
    message: ModelInferRequest,
    asked: Instant,
) -> Result<ModelInferResponse, Refusal> {
    let version = version(&message.model_version)?;
    let model = message.model_name.clone();
    let request = messages::read(message)?;
    front.infer(&model, version, request, asked).await.map(messages::write)
}

/// The answer to a message, or what gRPC says where there is none.
pub async fn respond(front: &Front, message: ModelInferRequest) -> Result<ModelInferResponse, Status> {
    let asked = Instant::now();
    let result = answer(front, message, asked).await;
    front.count(PROTOCOL, result.as_ref().err().map(|refusal| refusal.reason), asked);
    result.map_err(status)
}

#[tonic::async_trait]
impl GrpcInferenceService for Service {
    async fn server_live(
        &self,
        _: Request<ServerLiveRequest>,
    ) -> Result<Response<ServerLiveResponse>, Status> {
        let live = self.0.health.borrow().live;
        self.answered(Instant::now(), Ok(ServerLiveResponse { live }))
    }

    async fn server_ready(
        &self,
        _: Request<ServerReadyRequest>,
    ) -> Result<Response<ServerReadyResponse>, Status> {
        let ready = self.0.is_ready();
        self.answered(Instant::now(), Ok(ServerReadyResponse { ready }))
    }

    async fn model_ready(
        &self,
        call: Request<ModelReadyRequest>,
    ) -> Result<Response<ModelReadyResponse>, Status> {
        let asked = Instant::now();
        self.answered(asked, self.model_ready(call.into_inner()))
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        let told = ServerMetadataResponse {
            name: SERVER.to_owned(),
            version: SERVER_VERSION.to_owned(),
            // The binary tensor extension is of HTTP: raw contents are part of gRPC.
            extensions: EXTENSIONS.map(str::to_owned).to_vec(),
        };
        self.answered(Instant::now(), Ok(told))
    }

    async fn model_metadata(
        &self,
        call: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        let asked = Instant::now();
        self.answered(asked, self.model_metadata(call.into_inner()))
    }

    async fn model_statistics(
        &self,
        call: Request<ModelStatisticsRequest>,
    ) -> Result<Response<ModelStatisticsResponse>, Status> {
        let asked = Instant::now();
        self.answered(asked, self.model_statistics(call.into_inner()))
    }

    async fn model_infer(
        &self,
        call: Request<ModelInferRequest>,
    ) -> Result<Response<ModelInferResponse>, Status> {
        // Held until there is an answer: what it holds is what is under way.
        let (_, _room, message) = call.into_parts();
        respond(&self.0, message).await.map(Response::new)
    }
}
