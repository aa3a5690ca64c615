//! `GetExport`: a stage's deployment as a document.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use gw_app::StageExport;
use gw_openapi::{ExportFormat, ExportOptions, Extensions, ShownDocumentation};
use gw_wire::Fault;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    TrafficUrl,
    error::ApiError,
    extract::{Answer, Call, Params},
};

/// `/restapis/{rest_api}/stages/{id}/exports/{kind}`.
#[derive(Debug, Deserialize)]
pub(crate) struct ExportPath {
    rest_api: gw_model::ApiId,
    id: gw_model::StageName,
    kind: String,
}

/// The two syntaxes of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Json,
    Yaml,
}

impl Syntax {
    /// The first one that the caller takes; JSON if it takes any.
    fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let accept: Vec<&str> = accept.collect();
        let accept = accept.join(",");
        let mut types = accept
            .split(',')
            .map(|entry| entry.split(';').next().unwrap_or_default().trim())
            .filter(|entry| !entry.is_empty())
            .peekable();
        if types.peek().is_none() {
            return Ok(Self::Json);
        }
        let known = types.find_map(|entry| match entry.to_ascii_lowercase().as_str() {
            "application/json" | "application/hal+json" | "application/*" | "*/*" => {
                Some(Self::Json)
            }
            "application/yaml" | "application/x-yaml" => Some(Self::Yaml),
            _ => None,
        });
        known.ok_or_else(|| {
            Fault::bad_request(format!(
                "Invalid accept type specified: {accept}. Valid options are \
                 application/json,application/yaml"
            ))
        })
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }
}

/// `GetExport`.
pub(crate) async fn get(
    call: Call,
    Path(path): Path<ExportPath>,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    let format: ExportFormat = path
        .kind
        .parse()
        .map_err(|error: gw_openapi::InvalidExportFormat| Fault::bad_request(error.to_string()))?;
    let syntax = Syntax::of(&headers)?;
    let mut extensions = Extensions::default();
    for name in params.values("extensions") {
        extensions.add(name).map_err(|error| Fault::bad_request(error.to_string()))?;
    }
    let export = call.stage_export(&call.caller, &path.rest_api, &path.id).await?;
    let address = call.config().traffic_url.clone();
    let version = export.api.version.clone().unwrap_or_else(|| seconds(export.created_at));
    let name = format!(
        "attachment; filename=\"{}_{}.{}\"",
        format.as_str(),
        in_file_name(&version),
        syntax.ending()
    );
    // A large API takes a while to write.
    let written = tokio::task::spawn_blocking(move || {
        text(&export, path.id.as_str(), &address, (format, extensions, syntax))
    });
    let text = written.await.map_err(gw_app::Error::internal)??;
    Ok(document(&name, text))
}

/// What may stand in the name of a file that a header tells.
fn in_file_name(text: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "._-+:".contains(c);
    text.chars().map(|c| if is_fine(c) { c } else { '_' }).collect()
}

/// The answer as AWS has it: bytes to be saved, whatever the syntax.
fn document(name: &str, text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn text(
    export: &StageExport,
    stage: &str,
    address: &TrafficUrl,
    (format, extensions, syntax): (ExportFormat, Extensions, Syntax),
) -> Result<String, ApiError> {
    let created = seconds(export.created_at);
    let shown = export
        .documentation
        .as_ref()
        .map(|(version, parts)| (version, seconds(version.created_at), parts));
    let options = ExportOptions {
        format,
        extensions,
        scheme: &address.scheme,
        host: &address.host_of(&export.api.id),
        stage,
        created: &created,
        documentation: shown.as_ref().map(|(version, created, parts)| ShownDocumentation {
            version: version.name.as_str(),
            created,
            parts,
        }),
    };
    let document = gw_openapi::export(&export.api, &options);
    match syntax {
        Syntax::Json => Ok(gw_openapi::to_json(&document)),
        Syntax::Yaml => {
            gw_openapi::to_yaml(&document).map_err(|error| gw_app::Error::internal(error).into())
        }
    }
}

/// A time in ISO 8601, in whole seconds.
fn seconds(time: OffsetDateTime) -> String {
    let whole = time.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(time);
    whole.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_syntaxes() {
        let table = [
            (&[][..], Some(Syntax::Json)),
            (&["*/*"], Some(Syntax::Json)),
            (&["application/json"], Some(Syntax::Json)),
            (&["Application/YAML;q=0.9, application/json"], Some(Syntax::Yaml)),
            (&["text/html", "application/yaml"], Some(Syntax::Yaml)),
            (&["application/x-yaml"], Some(Syntax::Yaml)),
            (&["text/html"], None),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT, HeaderValue::from_static(value));
            }
            assert_eq!(Syntax::of(&headers).ok(), expected, "{values:?}");
        }
    }
}
