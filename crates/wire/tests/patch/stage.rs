//! Stages: members, method settings, canary and promotion.

use gw_wire::{
    FromBody as _,
    aws::CreateStage,
    patch::{PatchOperation, StageDraft, patch_stage},
};

use super::*;

pub(crate) fn stage() -> StageDraft {
    CreateStage::parse(
        br#"{"stageName":"prod","deploymentId":"dep001","variables":{"a":"1","b":"2"}}"#,
    )
    .unwrap()
    .to_draft()
    .unwrap()
}

#[test]
fn stage_members() {
    let mut draft = stage();
    patch_stage(
        &mut draft,
        &steps(&[
            (R, "/deploymentId", Some("dep002")),
            (R, "/description", Some("d")),
            (R, "/documentationVersion", Some("1")),
            (R, "/clientCertificateId", Some("c")),
            (R, "/cacheClusterEnabled", Some("true")),
            (R, "/cacheClusterSize", Some("0.5")),
            (R, "/tracingEnabled", Some("true")),
            (R, "/variables/c", Some("3")),
            (R, "/variables/a", Some("x")),
            (D, "/variables/b", None),
            (A, "/accessLogSettings/destinationArn", Some("arn:x")),
            (R, "/accessLogSettings/format", Some("$context.requestId")),
            (R, "/*/*/metrics/enabled", Some("true")),
            (R, "/*/*/logging/loglevel", Some("INFO")),
            (R, "/*/*/logging/dataTrace", Some("true")),
            (R, "/~1pets~1{id}/GET/throttling/rateLimit", Some("10.5")),
            (R, "/pets~1{id}/GET/throttling/burstLimit", Some("7")),
            // Clients that escape no slash are understood, too.
            (R, "/pets/{id}/GET/metrics/enabled", Some("true")),
            (R, "/~1/GET/caching/enabled", Some("true")),
            (R, "/~1/GET/caching/ttlInSeconds", Some("3600")),
            (R, "/~1/GET/caching/dataEncrypted", Some("true")),
            (R, "/~1/GET/caching/requireAuthorizationForCacheControl", Some("false")),
            (R, "/~1/GET/caching/unauthorizedCacheControlHeaderStrategy", Some("FAIL_WITH_403")),
        ]),
    )
    .unwrap();
    assert_eq!(draft.deployment_id.as_str(), "dep002");
    assert_eq!(draft.variables, [("a".into(), "x".into()), ("c".into(), "3".into())].into());
    let settings = &draft.settings.method_settings;
    assert_eq!(settings.keys().collect::<Vec<_>>(), ["*/*", "~1/GET", "~1pets~1{id}/GET"]);
    assert_eq!(settings["*/*"].logging_level.as_deref(), Some("INFO"));
    assert_eq!(settings["*/*"].throttling_burst_limit, 5000);
    assert_eq!(settings["~1pets~1{id}/GET"].throttling_rate_limit, 10.5);
    assert_eq!(settings["~1pets~1{id}/GET"].throttling_burst_limit, 7);
    assert!(settings["~1pets~1{id}/GET"].metrics_enabled);
    // It went out from what held for all methods.
    assert_eq!(settings["~1/GET"].logging_level.as_deref(), Some("INFO"));
    patch_stage(
        &mut draft,
        &steps(&[
            (D, "/*/*", None),
            (D, "/pets~1{id}/GET", None),
            (D, "/accessLogSettings", None),
            (D, "/variables", None),
        ]),
    )
    .unwrap();
    assert_eq!(draft.settings.method_settings.len(), 1);
    assert!(draft.settings.access_log.is_none() && draft.variables.is_empty());
}

#[test]
fn stage_canary_and_promotion() {
    let mut draft = stage();
    patch_stage(
        &mut draft,
        &steps(&[
            (R, "/canarySettings/percentTraffic", Some("10.5")),
            (R, "/canarySettings/deploymentId", Some("dep009")),
            (R, "/canarySettings/useStageCache", Some("true")),
            (R, "/canarySettings/stageVariableOverrides/b", Some("9")),
            (R, "/canarySettings/stageVariableOverrides/c", Some("9")),
            (D, "/canarySettings/stageVariableOverrides/c", None),
        ]),
    )
    .unwrap();
    let canary = draft.canary.clone().unwrap();
    assert_eq!((canary.percent_traffic, canary.deployment_id.as_str()), (10.5, "dep009"));
    let promotion = [
        PatchOperation::new(R, "/canarySettings/percentTraffic", Some("0.0")),
        PatchOperation::copy("/canarySettings/stageVariableOverrides", "/variables"),
        PatchOperation::copy("/canarySettings/deploymentId", "/deploymentId"),
    ];
    patch_stage(&mut draft, &promotion).unwrap();
    assert_eq!(draft.deployment_id.as_str(), "dep009");
    assert_eq!(draft.variables, [("a".into(), "1".into()), ("b".into(), "9".into())].into());
    assert_eq!(draft.canary.as_ref().map(|canary| canary.percent_traffic), Some(0.0));
    patch_stage(&mut draft, &steps(&[(D, "/canarySettings", None)])).unwrap();
    assert!(draft.canary.is_none());
    let mut fresh = stage();
    patch_stage(&mut fresh, &steps(&[(R, "/canarySettings/useStageCache", Some("true"))])).unwrap();
    assert_eq!(fresh.canary.unwrap().deployment_id.as_str(), "dep001");
}

#[test]
fn stage_refusals() {
    for (step, message) in [
        ((A, "/deploymentId", Some("x")), "Invalid add operation with path: /deploymentId"),
        (
            (A, "/canarySettings/deploymentId", Some("x")),
            "Invalid add operation with path: /canarySettings/deploymentId",
        ),
        (
            (D, "/canarySettings/stageVariableOverrides", None),
            "Cannot remove method setting canarySettings/stageVariableOverrides because there is \
             no method setting for this method ",
        ),
        (
            (D, "/canarySettings/badPath", None),
            "Cannot remove method setting canarySettings/badPath because there is no method \
             setting for this method ",
        ),
        (
            (R, "/documentation_version", Some("v")),
            "Invalid method setting path: /documentation_version. Must be one of: [/deploymentId, \
             /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, \
             /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
             /{resourcePath}/{httpMethod}/metrics/enabled, \
             /{resourcePath}/{httpMethod}/logging/dataTrace, \
             /{resourcePath}/{httpMethod}/logging/loglevel, \
             /{resourcePath}/{httpMethod}/throttling/burstLimit\
             /{resourcePath}/{httpMethod}/throttling/rateLimit\
             /{resourcePath}/{httpMethod}/caching/ttlInSeconds, \
             /{resourcePath}/{httpMethod}/caching/enabled, \
             /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
             /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
             /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, \
             /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, \
             /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, \
             /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
             /*/*/caching/requireAuthorizationForCacheControl, \
             /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, \
             /tracingEnabled]",
        ),
        ((R, "/canarySettings", Some("x")), "Invalid replace operation with path: /canarySettings"),
        (
            (D, "/*/*", None),
            "Cannot remove method setting */* because there is no method setting for this method ",
        ),
        (
            (D, "/accessLogSettings/destinationArn", None),
            "Cannot remove method setting accessLogSettings/destinationArn because there is no \
             method setting for this method ",
        ),
        ((D, "/variables/zz", None), "Invalid parameter name specified"),
        (
            (R, "/variables/a", Some("a b")),
            "Invalid stage variable value: a b. Please use values with alphanumeric characters \
             and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.",
        ),
        (
            (R, "/canarySettings/percentTraffic", Some("101")),
            "Invalid canary percent traffic specified. Must be between 0.0 and 100.0",
        ),
        (
            (R, "/canarySettings/percentTraffic", Some("NaN")),
            "Invalid canary percent traffic specified. Must be between 0.0 and 100.0",
        ),
        ((R, "/*/*/throttling/rateLimit", Some("inf")), "Invalid throttling limit specified: inf"),
        (
            (R, "/accessLogSettings/format", Some("$context.requestId\n$context.status")),
            "Access Log format must be single line, new line character is allowed only at end of \
             the format",
        ),
        (
            (R, "/accessLogSettings/format", Some("$context.status")),
            "Access Log format must contain $context.requestId or $context.extendedRequestId",
        ),
    ] {
        assert_eq!(text(patch_stage(&mut stage(), &steps(&[step]))), message);
    }
}

#[test]
fn stage_paths_of_no_setting_are_told() {
    for (path, rest) in [
        ("/*/*/metrics/x", "metrics/x"),
        ("/~1pets/GET/accessLogSettings/format", "accessLogSettings/format"),
        ("/pets/{id}/GET/x", "x"),
    ] {
        let message = text(patch_stage(&mut stage(), &steps(&[(R, path, Some("x"))])));
        assert_eq!(
            message,
            format!(
                "Invalid method setting path: {rest}. Must be one of: [.../metrics/enabled, \
                 .../logging/dataTrace, .../logging/loglevel,.../throttling/burstLimit, \
                 .../throttling/rateLimit, .../caching/ttlInSeconds, .../caching/enabled, \
                 .../caching/dataEncrypted, .../caching/requireAuthorizationForCacheControl, \
                 .../caching/unauthorizedCacheControlHeaderStrategy]"
            )
        );
    }
    for path in ["/x", "/tags/a", "/x/NOVERB/metrics/enabled", "", "/", "x"] {
        let message = text(patch_stage(&mut stage(), &steps(&[(R, path, Some("x"))])));
        let start = format!(
            "Invalid method setting path: {path}. Must be one of: [/deploymentId, /description, "
        );
        assert!(
            message.starts_with(&start) && message.ends_with(", /tracingEnabled]"),
            "{message}"
        );
    }
}

#[test]
fn access_log_formats_name_the_request_and_are_short() {
    let long = format!("$context.requestId {}", "x".repeat(3072));
    for (format, fine) in
        [("$context.extendedRequestId\n", true), ("$context.requestId", true), (&long, false)]
    {
        let step = PatchOperation::new(R, "/accessLogSettings/format", Some(format));
        assert_eq!(patch_stage(&mut stage(), &[step]).is_ok(), fine, "{format}");
    }
}

#[test]
fn stage_copies_that_are_refused() {
    let bad = PatchOperation::copy("/x", "/deploymentId");
    assert_eq!(
        text(patch_stage(&mut stage(), &[bad])),
        "Invalid copy operation with path: /deploymentId and from /x. Valid copy:path are \
         [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
         /canarySettings/stageVariableOverrides]"
    );
    let early = PatchOperation::copy("/canarySettings/deploymentId", "/deploymentId");
    assert_eq!(
        text(patch_stage(&mut stage(), &[early])),
        "Promotion not available. Canary does not exist."
    );
}
