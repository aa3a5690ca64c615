//! Rows of VPC links, of their targets, and of what uses them.

use std::collections::BTreeMap;

use gw_model::{ApiId, Digest, Release, Scope, StageName, TargetAddress};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, release::parse, scoped::scope_count};

/// A VPC link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcLinkRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// The load balancer's ARN, as it was given.
    pub target_arn: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// The addresses that stand for a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcTargetRow {
    /// Its ARN, or its name.
    pub target: String,
    /// The addresses.
    pub addresses: Vec<TargetAddress>,
    /// When they were set.
    pub updated_at: OffsetDateTime,
}

/// A deployed use of a link whose name may hold stage variables.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkUse {
    /// The API.
    pub api: ApiId,
    /// The stage.
    pub stage: StageName,
    /// The release, for its variables.
    pub release: Release,
    /// The deployment's content.
    pub digest: Digest,
    /// What the integration names.
    pub connection_id: String,
    /// `METHOD:resource`.
    pub used_by: Vec<String>,
}

/// A query of links: all their columns, and what the caller says of the rows.
macro_rules! links {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            RawLink,
            r#"SELECT id, name, description, target_arn,
                      tags AS "tags: Json<BTreeMap<String, String>>", created_at
                 FROM vpc_links "# + $rest,
            $($argument),*
        )
    };
}

impl Txn {
    /// Inserts a link.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn vpc_link_insert(&mut self, scope: &Scope, row: &VpcLinkRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO vpc_links
                (account, region, id, name, description, target_arn, tags, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            scope.account.as_str(),
            scope.region.as_str(),
            row.id,
            row.name,
            row.description,
            row.target_arn,
            Json(&row.tags) as _,
            row.created_at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a link.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_fetch(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<VpcLinkRow>, Error> {
        let row = links!(
            "WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(Into::into))
    }

    /// Reads a link and keeps every other writer of it out until the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_lock(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<VpcLinkRow>, Error> {
        let row = links!(
            "WHERE account = $1 AND region = $2 AND id = $3 FOR UPDATE",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(Into::into))
    }

    /// Lists a scope's links by id, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_list(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<VpcLinkRow>, Error> {
        let rows = links!(
            "WHERE account = $1 AND region = $2 AND id > $3
                ORDER BY id LIMIT $4",
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The links to a load balancer, by its ARN or its name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_links_to(
        &mut self,
        scope: &Scope,
        target: &str,
    ) -> Result<Vec<VpcLinkRow>, Error> {
        // A name stands between the kind and the id of the load balancer.
        let rows = links!(
            "WHERE account = $1 AND region = $2
                  AND (target_arn = $3 OR split_part(target_arn, '/', 3) = $3)
                ORDER BY id",
            scope.account.as_str(),
            scope.region.as_str(),
            target,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    scope_count!(vpc_link_count, "vpc_links", "links");

    /// Writes a link's name and description.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_update(&mut self, scope: &Scope, row: &VpcLinkRow) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE vpc_links SET name = $4, description = $5
              WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            row.id,
            row.name,
            row.description,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a link.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_delete(&mut self, scope: &Scope, id: &str) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM vpc_links WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Notes which links the content of a deployment names.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_links_put(
        &mut self,
        digest: Digest,
        links: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Error> {
        for (connection_id, used_by) in links {
            sqlx::query!(
                "INSERT INTO deployment_links (digest, connection_id, used_by)
                 VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT deployment_links_pkey DO NOTHING",
                digest.as_bytes().as_slice(),
                connection_id,
                Json(used_by) as _,
            )
            .execute(self.conn())
            .await?;
        }
        Ok(())
    }

    /// Where stages of a scope, canaries included, use a link of this name or
    /// one whose name holds stage variables.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_uses(&mut self, scope: &Scope, id: &str) -> Result<Vec<LinkUse>, Error> {
        let rows = sqlx::query!(
            r#"SELECT s.api_id, s.name, r.release::text AS "release!", l.digest, l.connection_id,
                      l.used_by AS "used_by: Json<Vec<String>>"
                 FROM deployment_links l
                 JOIN deployments d ON d.digest = l.digest
                 JOIN stages s ON s.api_id = d.api_id JOIN rest_apis a ON a.id = s.api_id
                 JOIN releases r ON r.stage_id = s.id
                  AND r.number IN (s.desired_release, s.serving_release)
                WHERE (l.connection_id = $3 OR strpos(l.connection_id, '${') > 0)
                  AND a.account = $1 AND a.region = $2
                  AND (r.release->>'deployment' = encode(l.digest, 'hex')
                       OR r.release->'canary'->>'deployment' = encode(l.digest, 'hex'))
                ORDER BY s.api_id, s.name, r.number, l.connection_id"#,
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(LinkUse {
                    api: row.api_id.into(),
                    stage: row.name.into(),
                    release: parse(&row.release)?,
                    digest: crate::deployment::digest(&row.digest)?,
                    connection_id: row.connection_id,
                    used_by: row.used_by.0,
                })
            })
            .collect()
    }

    /// Where working copies of a scope name a link: API, verb and resource.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_drafts(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Vec<(ApiId, String, String)>, Error> {
        let rows = sqlx::query!(
            "SELECT m.api_id, m.verb, m.resource_id
               FROM methods m JOIN rest_apis a ON a.id = m.api_id
              WHERE m.definition->'integration'->>'connectionId' = $3
                AND m.definition->'integration'->>'connectionType' = 'VPC_LINK'
                AND a.account = $1 AND a.region = $2
              ORDER BY m.api_id, m.resource_id, m.verb",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| (row.api_id.into(), row.verb, row.resource_id)).collect())
    }

    /// Sets the addresses of a target, in place of any former ones.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_target_put(&mut self, scope: &Scope, row: &VpcTargetRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO vpc_targets (account, region, target, addresses, updated_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT ON CONSTRAINT vpc_targets_pkey
             DO UPDATE SET addresses = excluded.addresses, updated_at = excluded.updated_at",
            scope.account.as_str(),
            scope.region.as_str(),
            row.target,
            Json(&row.addresses) as _,
            row.updated_at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Forgets a target; false if there is no such one.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_target_delete(&mut self, scope: &Scope, target: &str) -> Result<bool, Error> {
        let done = sqlx::query!(
            "DELETE FROM vpc_targets WHERE account = $1 AND region = $2 AND target = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            target,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A scope's targets by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_target_list(&mut self, scope: &Scope) -> Result<Vec<VpcTargetRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT target, addresses AS "addresses: Json<Vec<TargetAddress>>", updated_at
                 FROM vpc_targets WHERE account = $1 AND region = $2 ORDER BY target"#,
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_all(self.conn())
        .await?;
        let row = |target, addresses: Json<_>, updated_at| VpcTargetRow {
            target,
            addresses: addresses.0,
            updated_at,
        };
        Ok(rows.into_iter().map(|raw| row(raw.target, raw.addresses, raw.updated_at)).collect())
    }

    /// Keeps writers of a scope's links and targets apart until the
    /// transaction ends: a link that is made meets every target, and a target
    /// that is set every link.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_targets_lock(&mut self, scope: &Scope) -> Result<(), Error> {
        let key = format!("vpc-targets/{scope}");
        sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

struct RawLink {
    id: String,
    name: String,
    description: Option<String>,
    target_arn: String,
    tags: Json<BTreeMap<String, String>>,
    created_at: OffsetDateTime,
}

impl From<RawLink> for VpcLinkRow {
    fn from(raw: RawLink) -> Self {
        Self {
            id: raw.id,
            name: raw.name,
            description: raw.description,
            target_arn: raw.target_arn,
            tags: raw.tags.0,
            created_at: raw.created_at,
        }
    }
}
