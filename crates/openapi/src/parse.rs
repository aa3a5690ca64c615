//! From bytes to an [`Import`].

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Import, ImportErrors, Mode, Options, adapt_operation,
    context::{Context, Members, Version, scalar},
    described, document, operation,
    operation::Parts,
    paths,
    schema::Models,
    security::{self, Security},
    settings,
};

/// Reads and checks a document: JSON or YAML, Swagger 2.0, OpenAPI 3.0 or 3.1.
///
/// # Errors
/// All faults of the document together, in AWS's words; or its warnings, if
/// the options say so.
pub fn parse(bytes: &[u8], options: &Options) -> Result<Import, ImportErrors> {
    let value = document::read(bytes, options.variables.as_ref())?;
    let root = value
        .as_object()
        .ok_or_else(|| ImportErrors::unreadable("The document is not an object."))?;
    let mut ctx = Context::new(root, version(root)?, options);
    if bytes.len() > options.max_bytes {
        ctx.error(format!(
            "The document has {} bytes, which exceeds the limit of {} bytes",
            bytes.len(),
            options.max_bytes
        ));
    }
    let import = read(&mut ctx);
    if !ctx.errors.is_empty() {
        return Err(ImportErrors::invalid(ctx.errors, ctx.warnings));
    }
    if options.fail_on_warnings && !ctx.warnings.is_empty() {
        return Err(ImportErrors::warned(ctx.warnings));
    }
    Ok(Import { warnings: ctx.warnings, adaptations: ctx.adaptations, ..import })
}

fn version(root: &Members) -> Result<Version, ImportErrors> {
    let text = |name: &str| root.get(name).and_then(scalar);
    if let Some(swagger) = text("swagger") {
        return match swagger.as_ref() {
            "2.0" | "2" => Ok(Version::Swagger2),
            other => Err(ImportErrors::unreadable(format!(
                "Swagger version '{other}' is not supported."
            ))),
        };
    }
    match text("openapi") {
        Some(openapi) if ["3.0", "3.1"].iter().any(|known| is_release(&openapi, known)) => {
            Ok(Version::OpenApi3)
        }
        Some(other) => {
            Err(ImportErrors::unreadable(format!("OpenAPI version '{other}' is not supported.")))
        }
        None => {
            Err(ImportErrors::unreadable("The document has no 'openapi' or 'swagger' version."))
        }
    }
}

/// Whether a version is the release itself or one of its patches.
fn is_release(version: &str, release: &str) -> bool {
    version
        .strip_prefix(release)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// Everything but the lists of the context, which the caller takes.
fn read(ctx: &mut Context<'_>) -> Import {
    let (name, description, version) = info(ctx);
    let settings = settings::read(ctx);
    settings::warn_of_http_only(ctx);
    let request_validators = settings::validators(ctx);
    let gateway_responses = settings::gateway_responses(ctx);
    let security = Security::read(ctx);
    let mut models = Models::read(ctx);
    let (resources, operations) = paths::read(ctx);
    security::tell_of_the_documents(ctx, &operations);
    let mut tree: BTreeMap<String, BTreeMap<_, _>> =
        resources.into_iter().map(|path| (path, BTreeMap::new())).collect();
    for operation in &operations {
        let mut parts =
            Parts { models: &mut models, security: &security, validators: &request_validators };
        let method = operation::read(ctx, operation, &mut parts);
        let methods = tree.entry(operation.path.clone()).or_default();
        adapt_operation::join(ctx, operation, method, methods);
    }
    let documentation = described::read(ctx, &operations);
    Import {
        name,
        description,
        version,
        settings,
        tree,
        models: models.models,
        request_validators,
        authorizers: security.authorizers,
        gateway_responses,
        documentation,
        warnings: Vec::new(),
        adaptations: Vec::new(),
    }
}

fn info(ctx: &mut Context<'_>) -> (Option<String>, Option<String>, Option<String>) {
    let Some(info) = ctx.member(ctx.root, "info", "") else {
        if ctx.options.mode == Mode::Create && ctx.root.get("info").is_none_or(Value::is_null) {
            ctx.error("Parse issue: attribute info is missing");
        }
        return (None, None, None);
    };
    let mut text = |name| ctx.text(info, name, "info").filter(|text| !text.is_empty());
    let (name, description, version) = (text("title"), text("description"), text("version"));
    if name.is_none() && ctx.options.mode == Mode::Create {
        ctx.error("Parse issue: attribute info.title is missing");
    }
    (name, description, version)
}
