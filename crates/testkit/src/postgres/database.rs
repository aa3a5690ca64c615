//! One database per test.

use std::{collections::BTreeMap, env, time::Duration};

use sqlx::{Connection, PgConnection};

use super::shared;

/// A database of its own for one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    /// A database of the same server, from which this one is made and dropped.
    admin_url: String,
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// When there is no Postgres to be had, with what to install.
    pub async fn create() -> Self {
        let admin_url = match env::var("DATABASE_URL") {
            Ok(url) if !url.is_empty() => url,
            _ => tokio::task::spawn_blocking(shared::server_url)
                .await
                .expect("starting Postgres does not panic"),
        };
        let name = format!("gw_test_{}_{:016x}", std::process::id(), fastrand::u64(..));
        run(&admin_url, format!("CREATE DATABASE \"{name}\"")).await.expect("CREATE DATABASE");
        let url = with_database(&admin_url, &name);
        Self { name, url, admin_url }
    }

    /// Its URL, as `DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns when a session of it waits for a lock of another one.
    ///
    /// # Panics
    /// When none does for a minute, or there is no connection to be had.
    pub async fn lock_is_waited_for(&self) {
        let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
        for _ in 0..6000 {
            let waits: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .fetch_one(&mut connection)
            .await
            .expect("sessions can be listed");
            if waits {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no session waits for a lock");
    }

    /// Watches everything that it holds.
    ///
    /// # Panics
    /// When there is no connection to be had.
    pub async fn watch(&self) -> Watch {
        let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
        )
        .fetch_all(&mut connection)
        .await
        .expect("the tables can be listed");
        let one = |table: &String| {
            format!(
                "SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) \
                 FROM \"{table}\" t"
            )
        };
        let sql = tables.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ");
        Watch { connection, sql }
    }
}

/// Tells whether a database changed.
#[derive(Debug)]
pub struct Watch {
    connection: PgConnection,
    sql: String,
}

impl Watch {
    /// A digest of all rows of each table.
    ///
    /// # Panics
    /// When the database is gone.
    pub async fn state(&mut self) -> BTreeMap<String, String> {
        let sql = sqlx::AssertSqlSafe(self.sql.clone());
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql).fetch_all(&mut self.connection).await.expect("rows can be read");
        rows.into_iter().collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        let url = self.admin_url.clone();
        // A thread of its own: the caller's runtime cannot be blocked on here.
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(&url, statement)).map_err(std::io::Error::other)
        });
        // A server that a test has killed takes its databases along.
        if let Ok(Err(error)) = done.join() {
            tracing::debug!(%error, "test database not dropped");
        }
    }
}

async fn run(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

/// `url` with another database name; its query (options) stays.
fn with_database(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, None), |(h, q)| (h, Some(q)));
    let authority = head.find("://").map_or(0, |at| at + 3);
    let end = head[authority..].find('/').map_or(head.len(), |at| authority + at);
    let query = query.map(|q| format!("?{q}")).unwrap_or_default();
    format!("{}/{name}{query}", &head[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let cases = [
            ("postgres://u:p@h:1/old", "postgres://u:p@h:1/new"),
            ("postgres://h", "postgres://h/new"),
            ("postgres://h/", "postgres://h/new"),
            ("postgresql://h/old?sslmode=disable", "postgresql://h/new?sslmode=disable"),
            ("postgres:///old?host=/run/pg", "postgres:///new?host=/run/pg"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "new"), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn changes_of_any_table_are_seen() {
        let database = TestDatabase::create().await;
        run(database.url(), "CREATE TABLE a (n int); ".into()).await.expect("create");
        run(database.url(), "CREATE TABLE b (n int)".into()).await.expect("create");
        let mut watch = database.watch().await;
        let before = watch.state().await;
        assert_eq!(before, watch.state().await);
        run(database.url(), "INSERT INTO b VALUES (1)".into()).await.expect("insert");
        let after = watch.state().await;
        assert_eq!((&after["a"], after["b"] == before["b"]), (&before["a"], false));
    }

    #[tokio::test]
    async fn databases_are_apart_and_dropped() {
        let (one, two) = tokio::join!(TestDatabase::create(), TestDatabase::create());
        run(one.url(), "CREATE TABLE only_here (a int)".into()).await.expect("create");
        assert!(run(two.url(), "SELECT * FROM only_here".into()).await.is_err());
        let url = one.url().to_owned();
        drop(one);
        assert!(run(&url, "SELECT 1".into()).await.is_err());
    }
}
