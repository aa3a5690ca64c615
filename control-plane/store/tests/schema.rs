//! The checked-in query metadata against the schema that migrations make.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use gw_store::{Options, Store};
use gw_testkit::postgres::TestDatabase;
use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

/// A loaded machine is no broken database.
fn patient() -> Options {
    Options { acquire_timeout: Duration::from_secs(60), ..Options::default() }
}

#[tokio::test]
async fn every_checked_query_fits_the_schema() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &patient()).unwrap();
    store.migrate().await.unwrap();
    let mut conn = PgConnection::connect(database.url()).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let (mut count, mut stale) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let checked: serde_json::Value = serde_json::from_str(&text).unwrap();
        let query = checked["query"].as_str().unwrap().to_owned();
        count += 1;
        let told = query.clone();
        if let Err(error) = conn.describe(sqlx::AssertSqlSafe(query).into_sql_str()).await {
            stale.push(format!("{error}: {told}"));
        }
    }
    assert!(count > 50, "the metadata is checked in");
    assert!(stale.is_empty(), "{stale:#?}");
}

#[tokio::test]
async fn migrations_run_once_however_many_start() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &patient()).unwrap();
    let (one, two) = tokio::join!(store.migrate(), store.migrate());
    one.unwrap();
    two.unwrap();
    store.migrate().await.unwrap();
}

/// Constraints carry their table's name, because errors are told apart by it.
#[tokio::test]
async fn every_constraint_is_named() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &patient()).unwrap();
    store.migrate().await.unwrap();
    let mut conn = PgConnection::connect(database.url()).await.unwrap();
    let named: Vec<(String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c')
            AND conrelid::regclass::text <> '_sqlx_migrations'",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let tables: BTreeSet<&String> = named.iter().map(|(table, _)| table).collect();
    assert!(tables.len() > 15, "{tables:?}");
    for (table, name) in &named {
        assert!(name.starts_with(table.as_str()), "{table}: {name}");
    }
}
