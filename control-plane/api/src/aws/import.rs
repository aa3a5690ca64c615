//! `ImportRestApi` and `PutRestApi`.

use std::sync::Arc;

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{Built, NewIds};
use gw_model::{EndpointType, RestApi, documentation::DocumentationMode};
use gw_openapi::{Adapt, BasePath, IdKind, Import, ImportErrors, Mode, Options, Variables};
use gw_wire::{Fault, gatewright::Adaptation};

use super::{paths::InApi, rest_apis::answer};
use crate::{
    error::ApiError,
    extract::{Answer, Call, Params, created, ok},
};

/// `ImportRestApi`.
pub(crate) async fn import(call: &Call, params: &Params, body: &Bytes) -> Answer {
    let import = read(call, params, body, Mode::Create).await?;
    let document = Arc::clone(&import);
    let build = move |id, ids: &mut NewIds| {
        let api = gw_openapi::new_rest_api(id, &document, &mut new_id(ids))
            .map_err(|errors| refused(&errors))?;
        Ok(built(api, &document, Some(DocumentationMode::Overwrite)))
    };
    let view = call.rest_api_import(&call.caller, &Default::default(), build).await?;
    let mut body = answer(&view, true);
    body.gatewright_adaptations = adaptations(&import);
    created(body)
}

/// `PutRestApi`.
pub(crate) async fn put(call: Call, Path(path): InApi, params: Params, body: Bytes) -> Answer {
    let mode = match params.get("mode") {
        None | Some("" | "merge") => Mode::Merge,
        Some("overwrite") => Mode::Overwrite,
        Some(other) => {
            let violation = format!(
                "Value '{other}' at 'putRestApiInput.mode' failed to satisfy constraint: Member \
                 must satisfy enum value set: [overwrite, merge]"
            );
            return Err(Fault::validation(&[violation]).into());
        }
    };
    // An unknown API is told before a large document is read.
    call.rest_api_fetch(&call.caller, &path.rest_api).await?;
    let import = read(&call, &params, &body, mode).await?;
    let (document, ignored) = (Arc::clone(&import), ignores_documentation(&params));
    let build = move |api, ids: &mut NewIds| {
        let api = gw_openapi::apply(api, &document, mode, &mut new_id(ids))
            .map_err(|errors| refused(&errors))?;
        let mode = match mode {
            Mode::Merge => DocumentationMode::Merge,
            Mode::Create | Mode::Overwrite => DocumentationMode::Overwrite,
        };
        Ok(built(api, &document, Some(mode).filter(|_| !ignored)))
    };
    let view = call.rest_api_replace(&call.caller, &path.rest_api, build).await?;
    let mut body = answer(&view, false);
    body.gatewright_adaptations = adaptations(&import);
    ok(body)
}

/// What use cases take; without a mode the documentation stays as it is.
fn built(api: RestApi, import: &Import, mode: Option<DocumentationMode>) -> Built {
    let documentation = mode.map(|mode| (import.documentation.clone(), mode));
    Built { api, warnings: import.warnings.clone(), documentation }
}

fn ignores_documentation(params: &Params) -> bool {
    params.has("ignore", "documentation")
}

fn refused(errors: &ImportErrors) -> gw_app::Error {
    gw_app::Error::BadRequest(errors.to_string())
}

fn new_id(ids: &mut NewIds) -> impl FnMut(IdKind) -> String {
    |kind| match kind {
        IdKind::RootResource => ids.next(10),
        IdKind::Resource | IdKind::Model | IdKind::Authorizer | IdKind::Validator => ids.next(6),
    }
}

/// Reads the document, away from the threads that serve other calls: a large
/// one takes a second.
async fn read(
    call: &Call,
    params: &Params,
    body: &Bytes,
    mode: Mode,
) -> Result<Arc<Import>, ApiError> {
    let options = options(call, params, mode)?;
    let document = body.clone();
    let parsed = tokio::task::spawn_blocking(move || gw_openapi::parse(&document, &options)).await;
    match parsed {
        Ok(Ok(import)) => Ok(Arc::new(import)),
        Ok(Err(errors)) => Err(refused(&errors).into()),
        Err(panic) => Err(gw_app::Error::internal(panic).into()),
    }
}

fn options(call: &Call, params: &Params, mode: Mode) -> Result<Options, ApiError> {
    let scope = &call.caller.scope;
    let adapting = params.has("gatewright", "adapt");
    let mut options = Options::default();
    if adapting {
        let backend = params.get("backend").filter(|text| !text.is_empty());
        options.adapt = Some(Adapt { backend: backend.map(str::to_owned) });
        options.max_bytes = gw_openapi::MAX_DOCUMENT_BYTES;
    }
    options.mode = mode;
    options.fail_on_warnings = params.is_true("failonwarnings");
    options.ignore_documentation = ignores_documentation(params);
    options.variables = Some(Variables {
        account_id: scope.account.to_string(),
        region: scope.region.to_string(),
        partition: "aws".to_owned(),
    });
    if let Some(text) = params.get("basepath") {
        options.base_path =
            text.parse::<BasePath>().map_err(|error| Fault::bad_request(error.to_string()))?;
    }
    options.endpoint_type = match params.get("endpointConfigurationTypes") {
        None | Some("") => None,
        Some("EDGE") => Some(EndpointType::Edge),
        Some("REGIONAL") => Some(EndpointType::Regional),
        Some("PRIVATE") => Some(EndpointType::Private),
        Some(other) => {
            let message = format!("Invalid endpoint configuration type specified: {other}");
            return Err(Fault::bad_request(message).into());
        }
    };
    Ok(options)
}

fn adaptations(import: &Import) -> Vec<Adaptation> {
    let convert = |adaptation: &gw_openapi::Adaptation| Adaptation {
        kind: adaptation.kind.as_str().to_owned(),
        place: adaptation.place.clone(),
        detail: adaptation.detail.clone(),
    };
    import.adaptations.iter().map(convert).collect()
}
