//! A server of the Open Inference Protocol that says what a test wants.
//!
//! Lives here: hearing questions over HTTP and answering them with classes. May not: know what is asked of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::server::{Reply, serve};

/// The class of a row, by its numbers in the order of the inputs.
type Classify = Box<dyn FnMut(&[f64]) -> &'static str + Send>;

/// The server; it hangs up on whoever asks while it is down.
pub struct Stub {
    address: String,
    down: Arc<AtomicBool>,
}

impl Stub {
    /// One that answers so, until the test is over.
    pub fn start(classify: impl FnMut(&[f64]) -> &'static str + Send + 'static) -> Result<Self> {
        let down = Arc::new(AtomicBool::new(false));
        let (is_down, mut classify) = (Arc::clone(&down), Box::new(classify) as Classify);
        let address = serve(move |asked| {
            let is_down = is_down.load(Ordering::Relaxed);
            let question: Value = serde_json::from_slice(&asked.body).ok().filter(|_| !is_down)?;
            Some(Reply::new(200, classes(&question, &mut classify).ok()?.to_string()))
        })?;
        Ok(Self { address, down })
    }

    /// Where to ask it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers, or does not.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

fn classes(question: &Value, classify: &mut Classify) -> Result<Value> {
    let columns = question["inputs"].as_array().context("there are inputs")?;
    let column = |column: &Value| {
        let data = column["data"].as_array().context("an input has data")?;
        Ok(data.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect::<Vec<f64>>())
    };
    let columns = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
    let rows = columns.first().map_or(0, Vec::len);
    let said: Vec<&str> = (0..rows)
        .map(|row| classify(&columns.iter().map(|column| column[row]).collect::<Vec<f64>>()))
        .collect();
    let label = json!({ "name": "label", "datatype": "BYTES", "shape": [rows], "data": said });
    Ok(json!({ "model_name": "theirs", "model_version": "1", "outputs": [label] }))
}
