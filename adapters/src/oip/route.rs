//! Which paths there are.
//!
//! Lives here: method and path into what is asked for. May not: answer.

use axum::http::Method;
use model::Generation;

use super::error::{Reason, Refusal};
use super::request::version;
use crate::text::shortened;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Live,
    Ready,
    Server,
    Models,
    Metadata(Asked),
    ModelReady(Asked),
    Stats(Asked),
    /// Of every model.
    AllStats,
    Infer(Asked),
    Index,
    /// Loading and unloading: what serves here is chosen here.
    Load,
    Predict,
    OpenApi,
}

/// Of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) model: String,
    pub(super) version: Option<Generation>,
}

impl Route {
    pub(super) fn of(method: &Method, path: &str) -> Result<Self, Refusal> {
        let route = Self::at(path)?;
        let wanted = route.method();
        if method == wanted {
            return Ok(route);
        }
        Err(Refusal::new(
            Reason::Method,
            format!("{method} is not what this path is asked with, but {wanted}"),
        ))
    }

    fn at(path: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = path.trim_start_matches('/').trim_end_matches('/').split('/').collect();
        Ok(match parts[..] {
            ["v2"] => Self::Server,
            ["v2", "health", "live"] => Self::Live,
            ["v2", "health", "ready"] => Self::Ready,
            ["v2", "models"] => Self::Models,
            ["v2", "models", "stats"] => Self::AllStats,
            ["v2", "models", model] => Self::Metadata(asked(model, "")?),
            ["v2", "models", model, "ready"] => Self::ModelReady(asked(model, "")?),
            ["v2", "models", model, "stats"] => Self::Stats(asked(model, "")?),
            ["v2", "models", model, "infer"] => Self::Infer(asked(model, "")?),
            ["v2", "models", model, "versions", version] => Self::Metadata(asked(model, version)?),
            ["v2", "models", model, "versions", version, "ready"] => Self::ModelReady(asked(model, version)?),
            ["v2", "models", model, "versions", version, "stats"] => Self::Stats(asked(model, version)?),
            ["v2", "models", model, "versions", version, "infer"] => Self::Infer(asked(model, version)?),
            ["v2", "repository", "index"] => Self::Index,
            ["v2", "repository", "models", _, "load" | "unload"] => Self::Load,
            ["v1", "predict"] => Self::Predict,
            ["openapi.json"] => Self::OpenApi,
            _ => {
                return Err(Refusal::new(
                    Reason::NotFound,
                    format!("no path `{}`; see /openapi.json", shortened(path)),
                ));
            }
        })
    }

    fn method(&self) -> Method {
        match self {
            Self::Infer(_) | Self::Index | Self::Load | Self::Predict => Method::POST,
            Self::Live
            | Self::Ready
            | Self::Server
            | Self::Models
            | Self::Metadata(_)
            | Self::ModelReady(_)
            | Self::Stats(_)
            | Self::AllStats
            | Self::OpenApi => Method::GET,
        }
    }
}

fn asked(model: &str, of_version: &str) -> Result<Asked, Refusal> {
    Ok(Asked { model: model.to_owned(), version: version(of_version)? })
}
