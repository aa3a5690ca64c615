//! Tags of everything that has some: one way in, whatever the table.

use std::collections::BTreeMap;

use gw_model::{Scope, Taggable};
use sqlx::types::Json;

use crate::{Error, Txn};

type Tags = BTreeMap<String, String>;

/// The tags of a row that its scope and id find.
macro_rules! tags_of {
    ($conn:expr, $table:literal, $account:expr, $region:expr, $id:expr) => {
        sqlx::query_scalar!(
            r#"SELECT tags AS "tags: Json<Tags>" FROM "#
                + $table
                + " WHERE account = $1 AND region = $2 AND id = $3",
            $account,
            $region,
            $id,
        )
        .fetch_optional($conn)
        .await?
    };
}

/// Changes the tags of such a row.
macro_rules! change_tags {
    ($conn:expr, $table:literal, $account:expr, $region:expr, $id:expr, $added:expr, $removed:expr) => {
        sqlx::query_scalar!(
            "UPDATE "
                + $table
                + r#" SET tags = (tags || $4::jsonb) - $5::text[]
                WHERE account = $1 AND region = $2 AND id = $3
                RETURNING tags AS "tags: Json<Tags>""#,
            $account,
            $region,
            $id,
            Json($added) as _,
            $removed,
        )
        .fetch_optional($conn)
        .await?
    };
}

impl Txn {
    /// Reads the tags of a resource; `None` if the scope has no such one.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn tags_fetch(
        &mut self,
        scope: &Scope,
        resource: &Taggable,
    ) -> Result<Option<Tags>, Error> {
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        let conn = self.conn();
        let tags: Option<Json<Tags>> = match resource {
            Taggable::RestApi(id) => tags_of!(conn, "rest_apis", account, region, id.as_str()),
            Taggable::Stage(api, stage) => {
                sqlx::query_scalar!(
                    r#"SELECT tags AS "tags: Json<Tags>" FROM stages t
                        WHERE EXISTS (SELECT 1 FROM rest_apis a WHERE a.id = t.api_id AND a.account = $1 AND a.region = $2) AND t.api_id = $3 AND t.name = $4"#,
                    account, region, api.as_str(), stage.as_str(),
                )
                .fetch_optional(conn)
                .await?
            }
            Taggable::DomainName { name, id } => {
                sqlx::query_scalar!(
                    r#"SELECT tags AS "tags: Json<Tags>" FROM domain_names t
                        WHERE t.account = $1 AND t.region = $2 AND t.name = $3
                          AND ($4::text IS NULL OR t.definition->>'id' = $4)"#,
                    account, region, name, id.as_deref(),
                )
                .fetch_optional(conn)
                .await?
            }
            Taggable::VpcLink(id) => tags_of!(conn, "vpc_links", account, region, id),
            Taggable::ClientCertificate(id) => tags_of!(conn, "client_certificates", account, region, id),
            Taggable::ApiKey(id) => tags_of!(conn, "api_keys", account, region, id),
            Taggable::UsagePlan(id) => tags_of!(conn, "usage_plans", account, region, id),
        };
        Ok(tags.map(|tags| tags.0))
    }

    /// Adds tags to a resource, in place of those of the same keys, and takes
    /// others away; answers what it has then, `None` if the scope has no such
    /// resource.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn tags_change(
        &mut self,
        scope: &Scope,
        resource: &Taggable,
        added: &Tags,
        removed: &[String],
    ) -> Result<Option<Tags>, Error> {
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        let conn = self.conn();
        let tags: Option<Json<Tags>> = match resource {
            Taggable::RestApi(id) => change_tags!(conn, "rest_apis", account, region, id.as_str(), added, removed),
            Taggable::Stage(api, stage) => {
                sqlx::query_scalar!(
                    r#"UPDATE stages t SET tags = (tags || $5::jsonb) - $6::text[]
                        WHERE EXISTS (SELECT 1 FROM rest_apis a WHERE a.id = t.api_id AND a.account = $1 AND a.region = $2) AND t.api_id = $3 AND t.name = $4
                        RETURNING tags AS "tags: Json<Tags>""#,
                    account, region, api.as_str(), stage.as_str(), Json(added) as _, removed,
                )
                .fetch_optional(conn)
                .await?
            }
            Taggable::DomainName { name, id } => {
                sqlx::query_scalar!(
                    r#"UPDATE domain_names t SET tags = (tags || $4::jsonb) - $5::text[]
                        WHERE t.account = $1 AND t.region = $2 AND t.name = $3
                          AND ($6::text IS NULL OR t.definition->>'id' = $6)
                        RETURNING tags AS "tags: Json<Tags>""#,
                    account, region, name, Json(added) as _, removed, id.as_deref(),
                )
                .fetch_optional(conn)
                .await?
            }
            Taggable::VpcLink(id) => change_tags!(conn, "vpc_links", account, region, id, added, removed),
            Taggable::ClientCertificate(id) => change_tags!(conn, "client_certificates", account, region, id, added, removed),
            Taggable::ApiKey(id) => change_tags!(conn, "api_keys", account, region, id, added, removed),
            Taggable::UsagePlan(id) => change_tags!(conn, "usage_plans", account, region, id, added, removed),
        };
        Ok(tags.map(|tags| tags.0))
    }
}
