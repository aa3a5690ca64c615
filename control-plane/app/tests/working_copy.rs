//! The working copy: resources, methods, models, whole replacements.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_app::{Built, Error, Kind, MethodKey, NewModel, NewRestApi, PageRequest};
use gw_model::{
    HttpMethod, IntegrationResponse, Method, MethodResponse, Resource, ResourceId, Scope,
};
use support::{bench, get, mock};

fn is_not_found<T: std::fmt::Debug>(outcome: Result<T, Error>, wanted: Kind) {
    let error = outcome.unwrap_err();
    assert!(matches!(&error, Error::NotFound { kind, .. } if *kind == wanted), "{error:?}");
}

fn says<T: std::fmt::Debug>(outcome: Result<T, Error>, text: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
}

#[tokio::test]
async fn apis_come_and_go() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let mut new = NewRestApi::named("pets");
    new.tags.insert("team".to_owned(), "a".to_owned());
    let api = app.rest_api_create(caller, new).await.unwrap();
    let id = api.api.id.clone();
    assert_eq!((id.as_str().len(), api.root_resource_id.as_str().len()), (10, 10));
    assert_eq!(api.tags["team"], "a");
    let names = app.model_list(caller, &id, &PageRequest::first(10)).await.unwrap().items;
    assert_eq!(names.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["Empty", "Error"]);

    let updated = app
        .rest_api_update(caller, &id, |api| {
            api.name = "dogs".to_owned();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!((updated.api.name.as_str(), updated.version), ("dogs", 2));
    let refused = app
        .rest_api_update(caller, &id, |api| {
            api.name = "lost".to_owned();
            Err(Error::bad_request("no"))
        })
        .await;
    says(refused, "no");
    assert_eq!(app.rest_api_fetch(caller, &id).await.unwrap().api.name, "dogs");

    let mut stranger = caller.clone();
    stranger.scope = Scope::new("000000000000", "eu-west-1");
    is_not_found(app.rest_api_fetch(&stranger, &id).await, Kind::RestApi);
    is_not_found(app.rest_api_delete(&stranger, &id).await, Kind::RestApi);
    assert!(app.rest_api_list(&stranger, &PageRequest::first(5)).await.unwrap().items.is_empty());

    app.rest_api_delete(caller, &id).await.unwrap();
    is_not_found(app.rest_api_fetch(caller, &id).await, Kind::RestApi);
    let operations: Vec<String> = bench.audit().await.into_iter().map(|a| a.operation).collect();
    assert_eq!(operations, ["DeleteRestApi", "UpdateRestApi", "CreateRestApi"]);
}

#[tokio::test]
async fn lists_have_pages() {
    let bench = bench().await;
    for n in 0..5 {
        bench.app.rest_api_create(&bench.caller, NewRestApi::named(format!("n{n}"))).await.unwrap();
    }
    let (mut seen, mut position) = (Vec::new(), None);
    loop {
        let request = PageRequest { limit: 2, position };
        let page = bench.app.rest_api_list(&bench.caller, &request).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|api| api.api.id));
        position = page.position;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn resources_form_a_tree() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("tree").await;
    let pets = app.resource_create(caller, &api, &root, "pets").await.unwrap();
    assert_eq!((pets.resource.path.as_str(), pets.id.as_str().len()), ("/pets", 6));
    let pet = app.resource_create(caller, &api, &pets.id, "{id}").await.unwrap();
    let toys = app.resource_create(caller, &api, &pet.id, "toys").await.unwrap();
    assert_eq!(toys.resource.path, "/pets/{id}/toys");

    says(app.resource_create(caller, &api, &root, "pets").await, "already has this name: pets");
    says(app.resource_create(caller, &api, &pets.id, "{other}").await, "A sibling ({id})");
    is_not_found(app.resource_create(caller, &api, &"nope".into(), "x").await, Kind::Resource);

    let method = Method { integration: Some(mock()), ..Method::default() };
    app.method_put(caller, &get(&api, &toys.id), method).await.unwrap();
    let moved = app
        .resource_update(caller, &api, &pet.id, |place| {
            place.parent_id = Some(root.clone());
            place.path_part = "{pet}".to_owned();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(moved.resource.path, "/{pet}");
    let toys = app.resource_fetch(caller, &api, &toys.id).await.unwrap();
    assert_eq!(toys.resource.path, "/{pet}/toys");
    assert_eq!(toys.resource.methods.len(), 1, "methods go along");
    let cyclic = app.resource_update(caller, &api, &pet.id, |place| {
        place.parent_id = Some(toys.id.clone());
        Ok(())
    });
    says(cyclic.await, "cyclical");
    let rooted = app.resource_update(caller, &api, &root, |place| {
        place.path_part = "x".to_owned();
        Ok(())
    });
    says(rooted.await, "Root resource cannot update its pathPart.");

    app.resource_delete(caller, &api, &pet.id).await.unwrap();
    is_not_found(app.resource_fetch(caller, &api, &toys.id).await, Kind::Resource);
    let left = app.resource_list(caller, &api, &PageRequest::first(500)).await.unwrap();
    assert_eq!(left.items.len(), 2);
    says(app.resource_delete(caller, &api, &root).await, "Root resource");
}

#[tokio::test]
async fn methods_and_what_is_below() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("methods").await;
    let key = MethodKey { verb: HttpMethod::Post, ..get(&api, &root) };
    is_not_found(app.method_fetch(caller, &key).await, Kind::Method);
    app.method_put(caller, &key, Method::default()).await.unwrap();
    assert!(matches!(
        app.method_put(caller, &key, Method::default()).await,
        Err(Error::Conflict(_))
    ));
    is_not_found(app.integration_fetch(caller, &key).await, Kind::Integration);
    app.integration_put(caller, &key, mock()).await.unwrap();
    let answer = IntegrationResponse::default();
    // As at AWS, the status need not be declared; a header must be.
    let mapped = IntegrationResponse {
        response_parameters: [("method.response.header.x".to_owned(), "'v'".to_owned())].into(),
        ..answer.clone()
    };
    let refused = app.integration_response_put(caller, &key, "200", mapped).await;
    says(refused, "parameter specified: method.response.header.x]");
    app.method_response_put(caller, &key, "200", MethodResponse::default()).await.unwrap();
    app.integration_response_put(caller, &key, "200", answer).await.unwrap();
    app.integration_response_update(caller, &key, "200", |response| {
        response.selection_pattern = Some("2..".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    app.integration_update(caller, &key, |integration| {
        integration.timeout_ms = 1000;
        Ok(())
    })
    .await
    .unwrap();
    let late = app.integration_update(caller, &key, |integration| {
        integration.timeout_ms = 30_000;
        Ok(())
    });
    says(late.await, "Timeout");
    let method = app.method_fetch(caller, &key).await.unwrap().method;
    let integration = method.integration.unwrap();
    assert_eq!(integration.timeout_ms, 1000);
    assert_eq!(integration.responses["200"].selection_pattern.as_deref(), Some("2.."));

    let custom = app.method_update(caller, &key, |method| {
        method.authorization_type = "CUSTOM".to_owned();
        Ok(())
    });
    says(custom.await, "Invalid authorizer ID specified.");
    let model = app.method_update(caller, &key, |method| {
        method.request_models.insert("application/json".to_owned(), "Nope".to_owned());
        Ok(())
    });
    says(model.await, "Invalid model identifier specified: Nope");
    let twice = app.method_update(caller, &key, |method| {
        for place in ["header", "path"] {
            method.request_parameters.insert(format!("method.request.{place}.a"), true);
        }
        Ok(())
    });
    says(twice.await, "Parameter names must be unique");

    is_not_found(app.method_response_fetch(caller, &key, "404").await, Kind::MethodResponse);
    app.integration_response_delete(caller, &key, "200").await.unwrap();
    is_not_found(
        app.integration_response_fetch(caller, &key, "200").await,
        Kind::IntegrationResponse,
    );
    app.integration_delete(caller, &key).await.unwrap();
    app.method_response_delete(caller, &key, "200").await.unwrap();
    app.method_delete(caller, &key).await.unwrap();
    is_not_found(app.method_fetch(caller, &key).await, Kind::Method);
    let nowhere = MethodKey { resource: "nope".into(), ..key };
    is_not_found(app.method_fetch(caller, &nowhere).await, Kind::Resource);
}

#[tokio::test]
async fn models_are_guarded() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("models").await;
    let new = |name: &str| NewModel {
        name: name.into(),
        description: None,
        content_type: "application/json".to_owned(),
        schema: Some("{}".to_owned()),
    };
    app.model_create(caller, &api, new("Pet")).await.unwrap();
    says(app.model_create(caller, &api, new("Pet")).await, "already exists");
    says(app.model_create(caller, &api, new("")).await, "non-empty");
    app.method_update(caller, &get(&api, &root), |method| {
        method.request_models.insert("application/json".to_owned(), "Pet".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    says(
        app.model_delete(caller, &api, &"Pet".into()).await,
        "Cannot delete model 'Pet', is referenced in method request: //GET",
    );
    assert!(app.model_fetch(caller, &api, &"Pet".into()).await.is_ok(), "nothing was written");
    app.model_delete(caller, &api, &"Error".into()).await.unwrap();
    is_not_found(app.model_fetch(caller, &api, &"Error".into()).await, Kind::Model);
}

#[tokio::test]
async fn whole_copies_are_replaced_row_by_row() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("whole").await;
    let old = app.resource_create(caller, &api, &root, "old").await.unwrap();
    let (old, parent) = (old.id.clone(), root.clone());
    let removed = old.clone();
    let view = app
        .rest_api_replace(caller, &api, move |mut copy, ids| {
            copy.resources.remove(&old);
            // The new resource takes the removed one's place in the tree.
            let resource = Resource {
                parent_id: Some(parent.clone()),
                path_part: "old".to_owned(),
                path: "/old".to_owned(),
                methods: [(HttpMethod::Get, Method::default())].into(),
            };
            copy.resources.insert(ResourceId::new(ids.next(6)), resource);
            copy.models.clear();
            copy.description = Some("replaced".to_owned());
            let warnings = vec!["careful".to_owned()];
            Ok(Built { api: copy, warnings, documentation: None })
        })
        .await
        .unwrap();
    assert_eq!(view.warnings, ["careful"]);
    let copy = app.working_copy_fetch(caller, &api).await.unwrap();
    assert_eq!(copy.description.as_deref(), Some("replaced"));
    assert!(copy.models.is_empty());
    assert_eq!(copy.resources.len(), 2);
    assert!(!copy.resources.contains_key(&removed));
    let replaced = app
        .rest_api_replace(caller, &api, |_, _| Err(Error::bad_request("Invalid OpenAPI input.")));
    says(replaced.await, "Invalid OpenAPI input.");

    let origin = copy.clone();
    let import = app
        .rest_api_import(caller, &Default::default(), move |id, ids| {
            let mut imported = origin;
            imported.id = id;
            let root = imported.resources.remove(&root).unwrap();
            imported.resources.clear();
            imported.resources.insert(ResourceId::new(ids.next(10)), root);
            Ok(Built { api: imported, warnings: Vec::new(), documentation: None })
        })
        .await
        .unwrap();
    assert_ne!(import.api.id, api);
    let mut cloned = NewRestApi::named("clone");
    cloned.clone_from = Some(api.clone());
    let cloned = app.rest_api_create(caller, cloned).await.unwrap();
    let clone = app.working_copy_fetch(caller, &cloned.api.id).await.unwrap();
    assert_eq!(clone.resources, copy.resources);
}

#[tokio::test]
async fn unstorable_texts_are_the_callers_fault() {
    let bench = bench().await;
    let outcome = bench.app.rest_api_create(&bench.caller, NewRestApi::named("a\0b")).await;
    assert!(matches!(outcome, Err(Error::BadRequest(_))), "{outcome:?}");
    let outcome = bench.app.rest_api_fetch(&bench.caller, &"a\0b".into()).await;
    assert!(matches!(outcome, Err(Error::BadRequest(_))), "{outcome:?}");
}
