//! Health, readiness and the CA, which need no credentials.

use axum::{Extension, http::StatusCode, response::IntoResponse};
use gw_wire::gatewright::Ready;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::{
    Shared,
    error::ApiError,
    extract::{Answer, ok},
};

/// `GET health`: 200 while the process lives.
pub(crate) async fn health() -> (StatusCode, axum::Json<serde_json::Value>) {
    (StatusCode::OK, axum::Json(json!({ "status": "ok" })))
}

/// `GET ready`: 200 while the database answers.
pub(crate) async fn ready(Extension(api): Extension<Shared>) -> Answer {
    if let Err(error) = api.app.store().ping().await {
        tracing::debug!(%error, "not ready");
        return Err(ApiError::NotReady("the database cannot be reached".to_owned()));
    }
    ok(Ready {
        status: "ready".to_owned(),
        replica: api.config.replica.clone(),
        revision: api.app.fleet().revision().unwrap_or_default().to_string(),
    })
}

/// `GET ca`: what clients of the nodes' TLS listeners have to trust. A
/// certificate is no secret; who fetches it over a line that he does not trust
/// compares it with the hash in a join token.
pub(crate) async fn ca(Extension(api): Extension<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/x-pem-file")], api.config.ca_pem.clone())
}
