//! The OpenAPI reader, and what its imports become.

use gw_model::{Api, RestApi};
use gw_openapi::{
    BasePath, ExportFormat, ExportOptions, Extensions, IdKind, Import, MAX_DOCUMENT_BYTES, Mode,
    Options, Variables,
};

/// A document, read as AWS does and with adaptation. The choices that are no
/// part of it follow from its length.
///
/// # Panics
/// When the reader does, when an import does not survive being applied,
/// encoded and decoded, or exported and imported, or when an adapted document
/// cannot be deployed.
pub fn openapi(data: &[u8]) {
    let base_path = [BasePath::Ignore, BasePath::Prepend, BasePath::Split][data.len() % 3];
    let variables = Variables {
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
    };
    let plain = Options {
        base_path,
        variables: data.len().is_multiple_of(2).then_some(variables),
        ..Options::default()
    };
    if let Ok(import) = gw_openapi::parse(data, &plain) {
        imported(&import);
    }
    let backend = (!data.len().is_multiple_of(5)).then(|| "http://backend.example/base".to_owned());
    let has_backend = backend.is_some();
    let adapting = Options { base_path, ..Options::adapting(backend) };
    if let Ok(import) = gw_openapi::parse(data, &adapting)
        && let Some(api) = imported(&import)
        && has_backend
        && import.method_count() > 0
    {
        let compiled = gw_snapshot::compile(&Api::Rest(api), &gw_snapshot::Limits::default());
        compiled.expect("an adapted document can be deployed");
    }
}

fn imported(import: &Import) -> Option<RestApi> {
    let mut count = 0_u32;
    let mut new_id = |kind: IdKind| {
        count += 1;
        format!("{kind:?}{count}")
    };
    let api = gw_openapi::new_rest_api("a123456789".into(), import, &mut new_id).ok()?;
    for mode in [Mode::Overwrite, Mode::Merge] {
        let again = gw_openapi::apply(api.clone(), import, mode, &mut new_id);
        let again = again.expect("what could be made can be applied to itself");
        assert_eq!(gw_openapi::diff(&api, &again), [], "{mode:?}");
        assert_eq!(again, api, "{mode:?}");
    }
    let whole = Api::Rest(api);
    let encoded = gw_model::encode::encode(&whole);
    let decoded = gw_model::encode::decode(&encoded.bytes).expect("what was encoded decodes");
    assert_eq!(decoded, whole);
    let _ = gw_snapshot::compile(&whole, &gw_snapshot::Limits::default());
    let Api::Rest(api) = whole;
    for format in [ExportFormat::Swagger, ExportFormat::OpenApi3] {
        exported(&api, format);
    }
    Some(api)
}

/// What is exported imports again, and then exports as the same document.
fn exported(api: &RestApi, format: ExportFormat) {
    let options = ExportOptions {
        format,
        extensions: Extensions::all(),
        scheme: "https",
        host: "a123456789.execute-api.localhost",
        stage: "prod",
        created: "2016-09-12T17:50:37Z",
        documentation: None,
    };
    let document = gw_openapi::export(api, &options);
    let json = gw_openapi::to_json(&document);
    if json.len() > MAX_DOCUMENT_BYTES {
        return;
    }
    let yaml = gw_openapi::to_yaml(&document).expect("JSON has a YAML form");
    for text in [&json, &yaml] {
        let read = Options { max_bytes: MAX_DOCUMENT_BYTES, ..Options::default() };
        let import = match gw_openapi::parse(text.as_bytes(), &read) {
            Ok(import) => import,
            // References may unfold a small document to what no document may hold.
            Err(errors) if errors.to_string().contains("unfolds") => return,
            Err(errors) => panic!("{errors}\n{text}"),
        };
        let mut count = 0_u32;
        let mut new_id = |kind: IdKind| {
            count += 1;
            format!("{kind:?}{count}")
        };
        let again = gw_openapi::new_rest_api(api.id.clone(), &import, &mut new_id)
            .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        assert_eq!(gw_openapi::export(&again, &options), document, "{text}");
    }
}
