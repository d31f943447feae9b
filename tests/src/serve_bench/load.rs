//! Loads: what is asked, as bytes and messages that are made before anything is timed.
//!
//! Lives here: the six loads and their requests, from a seed. May not: send.

use adapters::oip::proto::ModelInferRequest;
use adapters::oip::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

/// Numbers of a row.
pub(super) const FEATURES: usize = 10;
/// Rows of a request that is a batch.
const BATCH: usize = 32;
/// Requests that take turns.
const DIFFERENT: usize = 64;
const SEED: u64 = 11;
const OUTPUT: &str = "probabilities";

/// How rows are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// HTTP, numbers as text.
    Json,
    /// HTTP, numbers as raw bytes behind the JSON.
    Binary,
    /// gRPC, numbers as raw contents.
    Grpc,
}

/// A road, and whether a request is one row or a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) road: Road,
    batched: bool,
}

impl Load {
    /// Single rows and batches over every road.
    pub(super) const ALL: [Self; 6] = [
        Self { road: Road::Json, batched: false },
        Self { road: Road::Binary, batched: false },
        Self { road: Road::Grpc, batched: false },
        Self { road: Road::Json, batched: true },
        Self { road: Road::Binary, batched: true },
        Self { road: Road::Grpc, batched: true },
    ];

    pub(super) fn name(self) -> String {
        let road = match self.road {
            Road::Json => "http json",
            Road::Binary => "http binary",
            Road::Grpc => "grpc",
        };
        format!("{road}, {}", if self.batched { "32 rows" } else { "1 row" })
    }

    fn rows(self) -> usize {
        if self.batched { BATCH } else { 1 }
    }

    /// The numbers of each request.
    fn numbers(self) -> Vec<Vec<f32>> {
        let mut rng = Pcg64::seed_from_u64(SEED);
        let count = self.rows() * FEATURES;
        let number = |rng: &mut Pcg64| (rng.random_range(-3.0_f32..3.0) * 1e4).round() / 1e4;
        (0..DIFFERENT).map(|_| (0..count).map(|_| number(&mut rng)).collect()).collect()
    }

    /// Requests over HTTP to this model, heads included.
    pub(super) fn over_http(self, model: &str) -> Vec<Vec<u8>> {
        self.numbers().iter().map(|numbers| self.http_of(model, numbers)).collect()
    }

    fn http_of(self, model: &str, numbers: &[f32]) -> Vec<u8> {
        let (mut header, mut raw) = (String::new(), Vec::new());
        let mut input = json!({ "name": "x", "shape": [self.rows(), FEATURES], "datatype": "FP32" });
        let mut body = json!({ "outputs": [{ "name": OUTPUT }] });
        if self.road == Road::Binary {
            raw = bytes_of(numbers);
            input["parameters"] = json!({ "binary_data_size": raw.len() });
            body["parameters"] = json!({ "binary_data_output": true });
        } else {
            input["data"] = numbers.iter().map(|number| json!(number)).collect::<Value>();
        }
        body["inputs"] = json!([input]);
        let body = body.to_string();
        if self.road == Road::Binary {
            header = format!("Inference-Header-Content-Length: {}\r\n", body.len());
        }
        let length = body.len() + raw.len();
        let head = format!(
            "POST /v2/models/{model}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             {header}Content-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body.as_bytes(), &raw].concat()
    }

    /// Requests over gRPC to this model.
    pub(super) fn over_grpc(self, model: &str) -> Vec<ModelInferRequest> {
        self.numbers().iter().map(|numbers| self.message_of(model, numbers)).collect()
    }

    fn message_of(self, model: &str, numbers: &[f32]) -> ModelInferRequest {
        let input = InferInputTensor {
            name: "x".into(),
            datatype: "FP32".into(),
            shape: [self.rows(), FEATURES].map(usize::cast_signed).map(|size| size as i64).to_vec(),
            ..<_>::default()
        };
        ModelInferRequest {
            model_name: model.into(),
            inputs: vec![input],
            outputs: vec![InferRequestedOutputTensor { name: OUTPUT.into(), ..<_>::default() }],
            raw_input_contents: vec![bytes_of(numbers).into()],
            ..<_>::default()
        }
    }
}

fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}
