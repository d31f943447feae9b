//! Peers: servers that people have, with the same network.
//!
//! Lives here: starting them. The programs themselves are in `tests/peers`. May not: time anything.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::server::{Server, on_core};
use crate::http::get;
use crate::process::{Process, wait_until};
use crate::scene::DEADLINE;

/// Names the Python that has them, by `tests/peers/serving`.
pub(super) const PYTHON_VARIABLE: &str = "SERVING_PYTHON";
const MODEL: &str = "bench";
const FIND_LIBRARY: &str = "import glob, os, onnxruntime; \
    print(glob.glob(os.path.join(os.path.dirname(onnxruntime.__file__), 'capi', 'libonnxruntime.so.*'))[0])";

/// A Python that has the peers.
pub(super) struct Python(PathBuf);

impl Python {
    /// The one that the environment names; none where it names none.
    pub(super) fn of_environment() -> Option<Self> {
        std::env::var_os(PYTHON_VARIABLE)
            .filter(|python| !python.is_empty())
            .map(|python| Self(python.into()))
    }

    /// ONNX Runtime's library, as the peers have it.
    pub(super) fn library(&self) -> Result<PathBuf> {
        let told = Command::new(&self.0).args(["-c", FIND_LIBRARY]).output()?;
        ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        Ok(String::from_utf8(told.stdout)?.trim().into())
    }

    /// `MLServer`, without processes beside its own, which would only cost here.
    pub(super) fn mlserver(&self, model: &Path, folder: &Path, core: Option<usize>) -> Result<Server> {
        let [http, grpc, metrics] = free_ports()?;
        let settings = json!({
            "host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics,
            "parallel_workers": 0, "debug": false, "environments_dir": folder.join("envs"),
            "metrics_dir": folder.join("metrics"),
        });
        std::fs::write(folder.join("settings.json"), settings.to_string())?;
        let settings = json!({
            "name": MODEL, "implementation": "serving_mlserver.Onnx", "parameters": { "uri": model },
        });
        std::fs::write(folder.join("model-settings.json"), settings.to_string())?;
        let mut command = self.command("mlserver");
        command.arg("start").arg(folder);
        started("mlserver", &command, http, Some(grpc), core)
    }

    /// `FastAPI` under uvicorn, with one process and its fast loop and parser.
    pub(super) fn fastapi(&self, model: &Path, core: Option<usize>) -> Result<Server> {
        let [http] = free_ports()?;
        let mut command = self.command("uvicorn");
        command.args(["serving_fastapi:app", "--host", "127.0.0.1", "--port", &http.to_string()]);
        command.args([
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--no-access-log",
            "--log-level",
            "warning",
        ]);
        command.env("MODEL", model);
        started("fastapi", &command, http, None, core)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.0.with_file_name(program));
        command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("OMP_NUM_THREADS", "1");
        command
    }
}

fn started(
    name: &'static str,
    command: &Command,
    http: u16,
    grpc: Option<u16>,
    core: Option<usize>,
) -> Result<Server> {
    let mut process = Process::start(on_core(command, core))?;
    let at = |port: u16| format!("127.0.0.1:{port}");
    wait_until(name, DEADLINE, || {
        let is_ready = get(&at(http), "/v2/health/ready").is_ok_and(|(code, _)| code == 200);
        (is_ready || process.has_ended()).then_some(())
    })?;
    ensure!(!process.has_ended(), "{name} ended:\n{}", process.tail());
    let grpc = grpc.map(at);
    Ok(Server { name, model: MODEL.into(), http: at(http), grpc, takes_binary: false, process })
}

/// Ports that nobody listened on a moment ago.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::new();
    for _ in 0..N {
        listeners.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let ports: Vec<u16> =
        listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<Result<_>>()?;
    ports.try_into().ok().context("as many as were asked for")
}
