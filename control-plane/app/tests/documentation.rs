//! Documentation: rivals for one location, imports, and stages that show a
//! snapshot while it is being deleted.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use gw_app::{DocumentationFilter, Error, NewDocumentationVersion, PageRequest, StageDraft};
use gw_model::{
    DocumentationLocation, DocumentationPart, DocumentationType, StageName,
    documentation::DocumentationMode,
};
use support::bench;

fn part(kind: DocumentationType, properties: &str) -> DocumentationPart {
    DocumentationPart {
        location: DocumentationLocation::of(kind),
        properties: properties.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rivals_for_a_location_one_wins() {
    let bench = Arc::new(bench().await);
    let (api, _) = bench.api("docs").await;
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let (bench, api) = (Arc::clone(&bench), api.clone());
            tokio::spawn(async move {
                let part = part(DocumentationType::Api, &format!("{{\"n\":{number}}}"));
                bench.app.documentation_part_create(&bench.caller, &api, &part).await
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(Error::Conflict(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 1);
    let accepted = bench.audit().await;
    let of_parts = accepted.iter().filter(|row| row.operation == "CreateDocumentationPart");
    assert_eq!(of_parts.count(), 1);
}

#[tokio::test]
async fn a_snapshot_keeps_what_later_changes() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("docs").await;
    let first = [part(DocumentationType::Api, "{\"a\":1}")];
    let ids = app
        .documentation_part_import(caller, &api, &first, DocumentationMode::Merge)
        .await
        .unwrap();
    let new = NewDocumentationVersion { name: "1".into(), description: None, stage: None };
    app.documentation_version_create(caller, &api, &new).await.unwrap();
    app.documentation_part_delete(caller, &api, &ids[0]).await.unwrap();
    let kept = app.documentation_version_parts(caller, &api, &"1".into()).await.unwrap();
    assert_eq!(kept[&ids[0]], first[0]);
    assert!(app.documentation_fetch(caller, &api).await.unwrap().is_empty());
    let filter = DocumentationFilter { undocumented: true, ..Default::default() };
    let request = PageRequest::first(100);
    let missing = app.documentation_part_list(caller, &api, &filter, &request).await.unwrap();
    // The API, its root, its method and its two models.
    assert_eq!(missing.items.len(), 5, "{missing:?}");
    // A faulty part among others imports nothing.
    let mixed = [part(DocumentationType::Api, "{}"), part(DocumentationType::Model, "{}")];
    let refused = app.documentation_part_import(caller, &api, &mixed, DocumentationMode::Merge);
    assert!(matches!(refused.await, Err(Error::BadRequest(_))));
    assert!(app.documentation_fetch(caller, &api).await.unwrap().is_empty());
}

/// Whoever comes first wins: the stage shows the snapshot and it stays, or it
/// is gone and no stage shows it.
#[tokio::test(flavor = "multi_thread")]
async fn no_stage_shows_what_is_gone() {
    let bench = Arc::new(bench().await);
    let (api, _) = bench.api("docs").await;
    bench.deploy(&api, "s").await;
    let stage = StageName::from("s");
    for round in 0..12 {
        let name = format!("v{round}");
        let new =
            NewDocumentationVersion { name: name.as_str().into(), description: None, stage: None };
        bench.app.documentation_version_create(&bench.caller, &api, &new).await.unwrap();
        let show = {
            let (bench, api, stage) = (Arc::clone(&bench), api.clone(), stage.clone());
            let name = name.clone();
            tokio::spawn(async move {
                let edit = |draft: &mut StageDraft| {
                    draft.settings.documentation_version = Some(name.clone());
                    Ok(())
                };
                bench.app.stage_update(&bench.caller, &api, &stage, edit).await.is_ok()
            })
        };
        let delete = {
            let (bench, api) = (Arc::clone(&bench), api.clone());
            let name = name.as_str().into();
            tokio::spawn(async move {
                bench.app.documentation_version_delete(&bench.caller, &api, &name).await.is_ok()
            })
        };
        let (shown, deleted) = (show.await.unwrap(), delete.await.unwrap());
        assert_ne!(shown, deleted, "round {round}");
        let view = bench.app.stage_fetch(&bench.caller, &api, &stage).await.unwrap();
        let shows = view.desired.settings.documentation_version.as_deref() == Some(name.as_str());
        assert_eq!(shows, shown, "round {round}");
    }
}
