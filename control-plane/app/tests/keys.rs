//! API keys and usage plans against Postgres: what is stored, what nodes are
//! told, and who may not be in whose way.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use gw_app::{
    ApiKeyQuery, ApiKeyView, Error, ImportedApiKey, NewApiKey, PageRequest, UsagePlanView,
};
use gw_model::{
    ApiId, ApiKey, FactName, PlanStage, UsagePlan,
    fact::{ApiKeyFact, HashKeyFact, KeyHasher, UsagePlanFact},
};
use support::{Bench, bench};
use tokio::task::JoinSet;

const VALUE: &str = "a-value-of-twenty-letters";

impl Bench {
    async fn new_key(&self, name: &str, value: Option<&str>) -> ApiKeyView {
        let new = NewApiKey {
            definition: ApiKey { name: Some(name.to_owned()), enabled: true, ..Default::default() },
            value: value.map(str::to_owned),
            ..NewApiKey::default()
        };
        self.app.api_key_create(&self.caller, new).await.unwrap()
    }

    async fn new_plan(&self, name: &str, stages: &[(&ApiId, &str)]) -> UsagePlanView {
        self.try_plan(name, stages).await.unwrap()
    }

    async fn try_plan(
        &self,
        name: &str,
        stages: &[(&ApiId, &str)],
    ) -> gw_app::Result<UsagePlanView> {
        let api_stages = stages.iter().map(|(api, stage)| plan_stage(api, stage)).collect();
        let plan = UsagePlan { name: name.to_owned(), api_stages, ..UsagePlan::default() };
        self.app.usage_plan_create(&self.caller, plan, &Default::default()).await
    }

    async fn add_stage(&self, plan: &str, api: &ApiId, stage: &str) -> gw_app::Result<()> {
        let edit = |plan: &mut UsagePlan| {
            plan.api_stages.push(plan_stage(api, stage));
            Ok(())
        };
        self.app.usage_plan_update(&self.caller, plan, edit).await.map(drop)
    }

    async fn put_key(&self, plan: &str, key: &str) -> gw_app::Result<()> {
        self.app.usage_plan_key_create(&self.caller, plan, key).await.map(drop)
    }

    /// What nodes are told: plans of each key, stages of each plan.
    async fn told(&self) -> (Vec<(String, Vec<String>)>, Vec<(String, Vec<String>)>) {
        let (mut keys, mut plans) = (Vec::new(), Vec::new());
        for fact in self.app.world_load().await.unwrap().facts {
            let content = self.app.fact_content(&fact).unwrap();
            match fact.name.clone() {
                FactName::ApiKey(_, id) => {
                    keys.push((id, serde_json::from_slice::<ApiKeyFact>(&content).unwrap().plans));
                }
                FactName::UsagePlan(_, id) => {
                    let fact: UsagePlanFact = serde_json::from_slice(&content).unwrap();
                    let stages = fact.stages.iter().map(|s| format!("{}:{}", s.api, s.stage));
                    plans.push((id, stages.collect()));
                }
                _ => {}
            }
        }
        keys.sort();
        plans.sort();
        (keys, plans)
    }
}

fn plan_stage(api: &ApiId, stage: &str) -> PlanStage {
    PlanStage { api: api.clone(), stage: stage.into(), throttle: Default::default() }
}

fn message<T: std::fmt::Debug>(result: gw_app::Result<T>) -> String {
    match result.unwrap_err() {
        Error::NotFound { kind, id } => format!("no {kind} {id}"),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn values_are_sealed_and_unique_in_their_scope() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let made = bench.new_key("made", None).await;
    let value = made.value.clone().unwrap();
    assert!(value.len() == 40 && value.bytes().all(|b| b.is_ascii_alphanumeric()), "{value}");
    assert_eq!(made.id.len(), 10);

    let given = bench.new_key("given", Some(VALUE)).await;
    let shown = app.api_key_fetch(caller, &given.id, true).await.unwrap();
    assert_eq!(shown.value.as_deref(), Some(VALUE));
    assert_eq!(app.api_key_fetch(caller, &given.id, false).await.unwrap().value, None);
    let mut txn = app.store().read().await.unwrap();
    let row = txn.api_key_fetch(&caller.scope, &given.id).await.unwrap().unwrap();
    drop(txn);
    let holds = |bytes: &[u8]| bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes());
    assert!(!holds(&row.sealed_value));

    let again = NewApiKey { value: Some(VALUE.to_owned()), ..NewApiKey::default() };
    let refused = app.api_key_create(caller, again.clone()).await;
    assert_eq!(message(refused), "API Key already exists");
    let mut elsewhere = caller.clone();
    elsewhere.scope.region = "eu-west-1".into();
    let there = app.api_key_create(&elsewhere, again).await.unwrap();
    assert_eq!(message(app.api_key_fetch(caller, &there.id, true).await), {
        format!("no API key {}", there.id)
    });

    for (value, text) in [
        ("x".repeat(19), "API Key value should be at least 20 characters"),
        ("x".repeat(129), "API Key value exceeds maximum size of 128 characters"),
        ("x y".repeat(9), "API Key value should consist of visible ASCII characters"),
    ] {
        let new = NewApiKey { value: Some(value), ..NewApiKey::default() };
        assert_eq!(message(app.api_key_create(caller, new).await), text);
    }
    let stages = vec!["none/prod".to_owned()];
    let definition = ApiKey { stage_keys: stages, ..ApiKey::default() };
    let new = NewApiKey { definition, ..NewApiKey::default() };
    assert_eq!(message(app.api_key_create(caller, new).await), "no REST API none");
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let plan = bench.new_plan("p", &[]).await;
    for n in 0..7 {
        let key = bench.new_key(&format!("{}-{n}", if n < 4 { "red" } else { "blue" }), None).await;
        if n % 2 == 0 {
            bench.put_key(&plan.id, &key.id).await.unwrap();
        }
    }
    let names = |query: ApiKeyQuery| async move {
        let mut request = PageRequest::first(2);
        let mut names = BTreeSet::new();
        loop {
            let page = app.api_key_list(caller, &query, &request).await.unwrap();
            assert!(page.items.len() <= 2);
            assert!(page.items.iter().all(|key| key.value.is_some() == query.with_values));
            names.extend(page.items.into_iter().filter_map(|key| key.definition.name));
            match page.position {
                Some(_) => request.position = page.position,
                None => return names.into_iter().collect::<Vec<_>>(),
            }
        }
    };
    assert_eq!(names(ApiKeyQuery::default()).await.len(), 7);
    let red = ApiKeyQuery { name: Some("red".into()), with_values: true, ..Default::default() };
    assert_eq!(names(red).await, ["red-0", "red-1", "red-2", "red-3"]);
    let odd = ApiKeyQuery { name: Some("re%".into()), ..Default::default() };
    assert!(names(odd).await.is_empty());
    let of_none = ApiKeyQuery { customer_id: Some("c".into()), ..Default::default() };
    assert!(names(of_none).await.is_empty());

    let all = PageRequest::first(500);
    let in_plan = app.usage_plan_key_list(caller, &plan.id, None, &all).await.unwrap().items;
    assert_eq!(in_plan.len(), 4);
    let blue = app.usage_plan_key_list(caller, &plan.id, Some("blue"), &all).await.unwrap().items;
    assert_eq!(blue.len(), 2);
    let plans = app.usage_plan_list(caller, Some(&blue[0].id), &all).await.unwrap().items;
    assert_eq!(plans.iter().map(|plan| &plan.id).collect::<Vec<_>>(), [&plan.id]);
    assert_eq!(message(app.usage_plan_list(caller, Some("x"), &all).await), "no API key x");
    bench.new_plan("other", &[]).await;
    assert_eq!(app.usage_plan_list(caller, None, &all).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn nodes_are_told_of_keys_that_open_something() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    let prod = format!("{api}:prod");
    let before = app.revision().await.unwrap();

    let key = bench.new_key("k", Some(VALUE)).await.id;
    assert_eq!(app.revision().await.unwrap(), before, "it opens nothing yet");
    let plan = bench.new_plan("p", &[(&api, "prod")]).await.id;
    assert_eq!(bench.told().await, (vec![], vec![(plan.clone(), vec![prod.clone()])]));
    bench.put_key(&plan, &key).await.unwrap();
    let both = (vec![(key.clone(), vec![plan.clone()])], vec![(plan.clone(), vec![prod.clone()])]);
    assert_eq!(bench.told().await, both);

    // The hash that nodes will find is the value's, under the key that they have.
    let facts = app.world_load().await.unwrap().facts;
    let content = |name: &FactName| {
        let fact = facts.iter().find(|fact| fact.name == *name).unwrap();
        (fact.sealed, app.fact_content(fact).unwrap())
    };
    let (sealed, hash_key) = content(&FactName::api_key_hash());
    assert!(sealed);
    let hasher = KeyHasher::new(&serde_json::from_slice::<HashKeyFact>(&hash_key).unwrap());
    let (_, fact) = content(&FactName::ApiKey(caller.scope.clone(), key.clone()));
    let fact: ApiKeyFact = serde_json::from_slice(&fact).unwrap();
    assert_eq!(fact.hash, hasher.hash(&caller.scope, VALUE.as_bytes()));

    // What no node can notice takes no revision.
    let at = app.revision().await.unwrap();
    let rename = |key: &mut ApiKey| {
        key.name = Some("renamed".to_owned());
        Ok(())
    };
    let renamed = app.api_key_update(caller, &key, rename).await.unwrap();
    assert_eq!(renamed.definition.name.as_deref(), Some("renamed"));
    assert_eq!(app.revision().await.unwrap(), at);

    let switch = |on: bool| {
        move |key: &mut ApiKey| {
            key.enabled = on;
            Ok(())
        }
    };
    app.api_key_update(caller, &key, switch(false)).await.unwrap();
    assert_eq!(bench.told().await.0, []);
    app.api_key_update(caller, &key, switch(true)).await.unwrap();
    assert_eq!(bench.told().await, both);
    app.usage_plan_key_delete(caller, &plan, &key).await.unwrap();
    assert_eq!(bench.told().await.0, []);
    bench.put_key(&plan, &key).await.unwrap();
    app.api_key_delete(caller, &key).await.unwrap();
    assert_eq!(bench.told().await, (vec![], vec![(plan.clone(), vec![prod])]));
    assert_eq!(message(app.api_key_delete(caller, &key).await), format!("no API key {key}"));
    let gone = app.usage_plan_key_fetch(caller, &plan, &key).await;
    assert_eq!(message(gone), format!("no API key {key}"));
}

#[tokio::test]
async fn plans_let_go_of_what_is_deleted() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("a").await;
    let (other, _) = bench.api("b").await;
    for (api, stage) in [(&api, "prod"), (&api, "test"), (&other, "prod")] {
        bench.deploy(api, stage).await;
    }
    let stages = [(&other, "prod"), (&api, "test"), (&api, "prod")];
    let plan = bench.new_plan("p", &stages).await.id;
    let key = bench.new_key("k", None).await.id;
    bench.put_key(&plan, &key).await.unwrap();
    let has = || async {
        let plan = app.usage_plan_fetch(caller, &plan).await.unwrap().definition;
        let stages = plan.api_stages.iter().map(|s| format!("{}:{}", s.api, s.stage));
        stages.collect::<Vec<_>>()
    };
    let name = |api: &ApiId, stage: &str| format!("{api}:{stage}");
    assert_eq!(has().await, stages.map(|(api, stage)| name(api, stage)), "in their order");

    app.stage_delete(caller, &api, &"prod".into()).await.unwrap();
    assert_eq!(has().await, [name(&other, "prod"), name(&api, "test")]);
    assert_eq!(bench.told().await.1, [(plan.clone(), has().await)]);
    // A stage of the same name is another one.
    bench.deploy(&api, "prod").await;
    assert_eq!(has().await, [name(&other, "prod"), name(&api, "test")]);

    let refused = app.usage_plan_delete(caller, &plan).await;
    assert_eq!(message(refused), {
        format!(
            "Cannot delete Usage Plan {plan} because there are API Stages associated with it, \
             including {other}:prod"
        )
    });
    app.rest_api_delete(caller, &other).await.unwrap();
    app.rest_api_delete(caller, &api).await.unwrap();
    assert_eq!(has().await, Vec::<String>::new());
    assert_eq!(bench.told().await.1, []);
    app.usage_plan_delete(caller, &plan).await.unwrap();
    assert_eq!(bench.told().await.0, [], "no key names a plan that is gone");
    assert_eq!(message(app.usage_plan_fetch(caller, &plan).await), format!("no usage plan {plan}"));
    assert!(app.api_key_fetch(caller, &key, false).await.is_ok());
}

#[tokio::test]
async fn a_key_has_one_plan_for_a_stage() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    bench.deploy(&api, "test").await;
    let first = bench.new_plan("1", &[(&api, "prod")]).await.id;
    let second = bench.new_plan("2", &[(&api, "test")]).await.id;
    let key = bench.new_key("k", None).await.id;
    bench.put_key(&first, &key).await.unwrap();
    let again = bench.put_key(&first, &key).await;
    assert_eq!(message(again), format!("Usage Plan {first} already has API Key {key}"));
    bench.put_key(&second, &key).await.unwrap();

    let both = "cannot reference multiple usage plans with the same API stage";
    let conflict = message(bench.add_stage(&second, &api, "prod").await);
    assert_eq!(conflict, format!("API Key {key} {both}: {api}:prod"));
    let third = bench.new_plan("3", &[(&api, "test")]).await.id;
    let conflict = message(bench.put_key(&third, &key).await);
    assert_eq!(conflict, format!("API Key {key} {both}: {api}:test"));
    // Nothing of it was kept.
    let plans = app.usage_plan_list(caller, Some(&key), &PageRequest::first(9)).await.unwrap();
    assert_eq!(plans.items.len(), 2);
    let stages = app.usage_plan_fetch(caller, &second).await.unwrap().definition.api_stages;
    assert_eq!(stages.len(), 1);

    for (result, text) in [
        (bench.put_key("none", &key).await, "no usage plan none".to_owned()),
        (bench.put_key(&first, "none").await, "no API key none".to_owned()),
        (bench.add_stage(&first, &api, "none").await, {
            format!("no API stage {{api: {api}, stage: none}} specified for usageplan {first}")
        }),
        (bench.add_stage(&first, &api, "prod").await, {
            format!("API Stage {api}:prod is specified more than once")
        }),
    ] {
        assert_eq!(message(result), text);
    }
    let nowhere = message(bench.try_plan("4", &[(&"none".into(), "prod")]).await);
    assert!(nowhere.starts_with("no API stage {api: none, stage: prod} specified"), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_writers_make_no_forbidden_pair() {
    const PLANS: usize = 6;
    let bench = Arc::new(bench().await);
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    let key = bench.new_key("k", None).await.id;
    let mut plans = Vec::new();
    for n in 0..PLANS {
        plans.push(bench.new_plan(&n.to_string(), &[]).await.id);
    }
    // Each plan gets the key and the stage; only one may have both.
    let mut writers = JoinSet::new();
    for (n, plan) in plans.clone().into_iter().enumerate() {
        for put_key in [n % 2 == 0, n % 2 == 1] {
            let (bench, api, key, plan) =
                (Arc::clone(&bench), api.clone(), key.clone(), plan.clone());
            writers.spawn(async move {
                if put_key {
                    bench.put_key(&plan, &key).await
                } else {
                    bench.add_stage(&plan, &api, "prod").await
                }
            });
        }
    }
    let mut refused = 0;
    while let Some(done) = writers.join_next().await {
        match done.unwrap() {
            Ok(()) => {}
            Err(Error::Conflict(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(refused, PLANS - 1);
    let (keys, with_stage) = bench.told().await;
    let of_key: BTreeSet<&String> = keys[0].1.iter().collect();
    let both = with_stage.iter().filter(|(plan, _)| of_key.contains(plan));
    assert_eq!(both.count(), 1);
}

#[tokio::test]
async fn who_deletes_a_stage_waits_for_its_plans_before_it_holds_the_stage() {
    let patience = Duration::from_secs(60);
    for whole_api in [false, true] {
        let bench = Arc::new(bench().await);
        let (api, _) = bench.api("a").await;
        bench.deploy(&api, "prod").await;
        let plan = bench.new_plan("p", &[(&api, "prod")]).await.id;
        // A change of the plan, that will come to its stages.
        let mut change = bench.app.store().begin().await.unwrap();
        assert!(change.usage_plan_lock(&bench.caller.scope, &plan).await.unwrap().is_some());
        let deletion = tokio::spawn({
            let (bench, api) = (Arc::clone(&bench), api.clone());
            async move {
                let (app, caller) = (&bench.app, &bench.caller);
                match whole_api {
                    true => app.rest_api_delete(caller, &api).await,
                    false => app.stage_delete(caller, &api, &"prod".into()).await,
                }
            }
        });
        bench.database.as_ref().unwrap().lock_is_waited_for().await;
        // The stage is free for the change to go on.
        let mut stage = bench.app.store().begin().await.unwrap();
        let key = bench.key(&api, "prod");
        let locked = tokio::time::timeout(patience, stage.stage_lock(&key)).await;
        assert!(locked.unwrap().unwrap().is_some());
        drop((stage, change));
        deletion.await.unwrap().unwrap();
        assert_eq!(bench.told().await.1, []);
    }
}

#[tokio::test]
async fn imports_create_change_and_warn() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let plan = bench.new_plan("p", &[]).await.id;
    let known = bench.new_key("before", Some(VALUE)).await;
    let row = |line: usize, value: &str, name: &str, plans: Option<&[&str]>| ImportedApiKey {
        line,
        value: value.to_owned(),
        definition: ApiKey { name: Some(name.to_owned()), enabled: true, ..ApiKey::default() },
        plans: plans.map(|plans| plans.iter().map(|plan| (*plan).to_owned()).collect()),
    };
    let rows = [
        row(2, VALUE, "after", Some(&[&plan])),
        row(3, "another-value-of-twenty", "new", Some(&[&plan, "none"])),
        row(4, "short", "short", None),
        row(5, "another-value-of-twenty", "newer", None),
    ];
    let done = app.api_keys_import(caller, &rows, &["Line 9: x".into()], false).await.unwrap();
    assert_eq!(done.ids.len(), 2);
    assert_eq!(done.ids[0], known.id, "the same value is the same key");
    assert_eq!(
        done.warnings,
        [
            "Line 9: x",
            "Line 3: Invalid Usage Plan ID specified: none",
            "Line 4: API Key value should be at least 20 characters",
        ]
    );
    let name = |id: String| async move {
        app.api_key_fetch(caller, &id, false).await.unwrap().definition.name.unwrap()
    };
    assert_eq!(name(done.ids[0].clone()).await, "after");
    assert_eq!(name(done.ids[1].clone()).await, "newer");
    let told = bench.told().await.0;
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(_, plans)| *plans == [plan.clone()]));

    // A file that names no plans for a key takes it out of its plans; one
    // without the column leaves them. All or nothing where warnings count.
    let out = [row(2, VALUE, "out", Some(&[])), row(3, "short", "x", None)];
    let refused = message(app.api_keys_import(caller, &out, &[], true).await);
    assert_eq!(refused, {
        "Warnings found during import: Line 3: API Key value should be at least 20 characters"
    });
    assert_eq!(name(known.id.clone()).await, "after");
    app.api_keys_import(caller, &out[..1], &[], true).await.unwrap();
    assert_eq!(bench.told().await.0.len(), 1);
    let audit = bench.audit().await;
    assert_eq!(audit[0].operation, "ImportApiKeys");
}

#[tokio::test]
async fn tags_of_keys_and_plans() {
    use gw_model::Taggable;
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let key = bench.new_key("k", None).await.id;
    let plan = bench.new_plan("p", &[]).await.id;
    for resource in [Taggable::ApiKey(key.clone()), Taggable::UsagePlan(plan)] {
        let tags = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into();
        app.tags_add(caller, &resource, &tags).await.unwrap();
        app.tags_remove(caller, &resource, &["a".to_owned()]).await.unwrap();
        let left = app.tags_fetch(caller, &resource).await.unwrap();
        assert_eq!(left, [("b".to_owned(), "2".to_owned())].into());
    }
    assert_eq!(app.api_key_fetch(caller, &key, false).await.unwrap().tags.len(), 1);
    let none = app.tags_fetch(caller, &Taggable::ApiKey("none".to_owned())).await;
    assert_eq!(message(none), "no API key none");
}
