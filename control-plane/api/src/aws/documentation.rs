//! Documentation parts and versions.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{
    DocumentationFilter, DocumentationPartView, DocumentationVersionView, NewDocumentationVersion,
};
use gw_model::documentation::DocumentationMode;
use gw_openapi::{ImportErrors, Refusal, Variables, parse_documentation};
use gw_wire::{
    Fault,
    aws::{
        CreateDocumentationPart, CreateDocumentationVersion, DocumentationPart,
        DocumentationPartIds, DocumentationVersion, documentation_type, is_undocumented,
    },
    patch::{check_text, patch_description, patch_documentation_part},
};

use super::paths::{InApi, Within};
use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches,
};

fn part(view: &DocumentationPartView) -> DocumentationPart {
    DocumentationPart {
        id: view.id.as_ref().map(ToString::to_string),
        location: view.location.clone(),
        properties: view.properties.clone(),
    }
}

/// `CreateDocumentationPart`.
pub(crate) async fn create_part(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateDocumentationPart>,
) -> Answer {
    let new = input.to_model()?;
    created(part(&call.documentation_part_create(&call.caller, &path.rest_api, &new).await?))
}

/// `GetDocumentationPart`.
pub(crate) async fn get_part(call: Call, Path(path): Within) -> Answer {
    let id = path.id.into();
    ok(part(&call.documentation_part_fetch(&call.caller, &path.rest_api, &id).await?))
}

/// `GetDocumentationParts`.
pub(crate) async fn get_parts(call: Call, Path(path): InApi, params: Params) -> Answer {
    let given = |name: &str| params.get(name).filter(|text| !text.is_empty());
    let filter = DocumentationFilter {
        kind: given("type").map(documentation_type).transpose()?,
        name: given("name").map(str::to_owned),
        path: given("path").map(str::to_owned),
        undocumented: given("locationStatus").map(is_undocumented).transpose()?.unwrap_or_default(),
    };
    let request = params.page_request()?;
    let (caller, api) = (&call.caller, &path.rest_api);
    list(&call.documentation_part_list(caller, api, &filter, &request).await?, part)
}

/// `UpdateDocumentationPart`.
pub(crate) async fn update_part(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateDocumentationPartInput", &body)?;
    let id = path.id.into();
    let mut fault = None;
    let edit = |properties: &mut String| {
        keep(&mut fault, patch_documentation_part(properties, &operations))
    };
    let result = call.documentation_part_update(&call.caller, &path.rest_api, &id, edit).await;
    ok(part(&edited(fault, result)?))
}

/// `DeleteDocumentationPart`.
pub(crate) async fn delete_part(call: Call, Path(path): Within) -> Answer {
    call.documentation_part_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}

/// `ImportDocumentationParts`.
pub(crate) async fn import_parts(
    call: Call,
    Path(path): InApi,
    params: Params,
    body: Bytes,
) -> Answer {
    let mode = match params.get("mode") {
        None | Some("" | "merge") => DocumentationMode::Merge,
        Some("overwrite") => DocumentationMode::Overwrite,
        Some(other) => {
            let violation = format!(
                "Value '{other}' at 'mode' failed to satisfy constraint: Member must satisfy enum \
                 value set: [overwrite, merge]"
            );
            return Err(Fault::validation(&[violation]).into());
        }
    };
    // An unknown API is told before a large document is read.
    call.rest_api_fetch(&call.caller, &path.rest_api).await?;
    let scope = &call.caller.scope;
    let variables = Variables {
        account_id: scope.account.to_string(),
        region: scope.region.to_string(),
        partition: "aws".to_owned(),
    };
    let parsed =
        tokio::task::spawn_blocking(move || parse_documentation(&body, Some(&variables))).await;
    let read = parsed.map_err(gw_app::Error::internal)?.map_err(|_| {
        // AWS does not say where.
        Fault::bad_request("Unable to build importer with provided input.")
    })?;
    if params.is_true("failonwarnings") && !read.warnings.is_empty() {
        let refused =
            ImportErrors { kind: Refusal::Warnings, errors: Vec::new(), warnings: read.warnings };
        return Err(Fault::bad_request(refused.to_string()).into());
    }
    let (caller, api) = (&call.caller, &path.rest_api);
    let ids = call.documentation_part_import(caller, api, &read.parts, mode).await?;
    ok(DocumentationPartIds {
        ids: ids.iter().map(ToString::to_string).collect(),
        warnings: read.warnings,
    })
}

fn version(view: &DocumentationVersionView) -> DocumentationVersion {
    DocumentationVersion {
        version: view.name.to_string(),
        created_date: view.created_at.unix_timestamp(),
        description: view.description.clone(),
    }
}

/// `CreateDocumentationVersion`.
pub(crate) async fn create_version(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateDocumentationVersion>,
) -> Answer {
    check_text("documentation version", &input.documentation_version)?;
    check_text("description", input.description.as_deref().unwrap_or_default())?;
    let new = NewDocumentationVersion {
        name: input.documentation_version.into(),
        description: input.description.filter(|text| !text.is_empty()),
        stage: input.stage_name.filter(|name| !name.is_empty()).map(Into::into),
    };
    let made = call.documentation_version_create(&call.caller, &path.rest_api, &new).await?;
    created(version(&made))
}

/// `GetDocumentationVersion`.
pub(crate) async fn get_version(call: Call, Path(path): Within) -> Answer {
    let name = path.id.into();
    ok(version(&call.documentation_version_fetch(&call.caller, &path.rest_api, &name).await?))
}

/// `GetDocumentationVersions`.
pub(crate) async fn get_versions(call: Call, Path(path): InApi, params: Params) -> Answer {
    let request = params.page_request()?;
    list(&call.documentation_version_list(&call.caller, &path.rest_api, &request).await?, version)
}

/// `UpdateDocumentationVersion`.
pub(crate) async fn update_version(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateDocumentationVersionInput", &body)?;
    let name = path.id.into();
    let mut fault = None;
    let edit = |description: &mut Option<String>| {
        keep(&mut fault, patch_description(description, &operations))
    };
    let result = call.documentation_version_update(&call.caller, &path.rest_api, &name, edit).await;
    ok(version(&edited(fault, result)?))
}

/// `DeleteDocumentationVersion`.
pub(crate) async fn delete_version(call: Call, Path(path): Within) -> Answer {
    call.documentation_version_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}
