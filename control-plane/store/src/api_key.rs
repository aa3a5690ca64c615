//! Rows of API keys.

use std::collections::BTreeMap;

use gw_model::{ApiKey, Scope, fact::KeyHash};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn};

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: String,
    /// What is declared of it.
    pub definition: ApiKey,
    /// Its value, sealed.
    pub sealed_value: Vec<u8>,
    /// The keyed hash of its value.
    pub hash: KeyHash,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Which keys of a scope are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApiKeyFilter<'a> {
    /// The start of their name.
    pub name: Option<&'a str>,
    /// Their customer.
    pub customer_id: Option<&'a str>,
    /// The usage plan that they are in.
    pub plan: Option<&'a str>,
}

struct Raw {
    id: String,
    definition: Json<ApiKey>,
    sealed_value: Vec<u8>,
    value_hash: Vec<u8>,
    tags: Json<BTreeMap<String, String>>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<Raw> for ApiKeyRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            definition: raw.definition.0,
            sealed_value: raw.sealed_value,
            hash: key_hash(&raw.value_hash)?,
            tags: raw.tags.0,
            created_at: raw.created_at,
            updated_at: raw.updated_at,
        })
    }
}

pub(crate) fn key_hash(bytes: &[u8]) -> Result<KeyHash, Error> {
    let hash = bytes.try_into().map_err(|error| Error::corrupt("hash of an API key", error));
    Ok(KeyHash(hash?))
}

/// A query of keys: all their columns, and what the caller says of the rows.
macro_rules! keys {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Raw,
            r#"SELECT id, definition AS "definition: Json<ApiKey>", sealed_value, value_hash,
                      tags AS "tags: Json<BTreeMap<String, String>>", created_at, updated_at
                 FROM api_keys "# + $rest,
            $($argument),*
        )
    };
}

impl Txn {
    /// Inserts a key.
    ///
    /// # Errors
    /// When the scope has a key of that id or value, or the database is gone.
    pub async fn api_key_insert(&mut self, scope: &Scope, row: &ApiKeyRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO api_keys (account, region, id, definition, name, customer_id,
                                   sealed_value, value_hash, tags, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            scope.account.as_str(),
            scope.region.as_str(),
            row.id,
            Json(&row.definition) as _,
            row.definition.name,
            row.definition.customer_id,
            row.sealed_value,
            &row.hash.0[..],
            Json(&row.tags) as _,
            row.created_at,
            row.updated_at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_fetch(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<ApiKeyRow>, Error> {
        let row = keys!(
            "WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Reads a key and keeps every other writer of it out until the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_lock(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<ApiKeyRow>, Error> {
        let row = keys!(
            "WHERE account = $1 AND region = $2 AND id = $3
                  FOR NO KEY UPDATE",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// The id of the key with that value.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_of_value(
        &mut self,
        scope: &Scope,
        hash: &KeyHash,
    ) -> Result<Option<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT id FROM api_keys WHERE account = $1 AND region = $2 AND value_hash = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            &hash.0[..],
        )
        .fetch_optional(self.conn())
        .await?)
    }

    /// Lists a scope's keys by id, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_list(
        &mut self,
        scope: &Scope,
        filter: ApiKeyFilter<'_>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ApiKeyRow>, Error> {
        let rows = keys!(
            "k
                WHERE account = $1 AND region = $2 AND id > $3
                  AND ($4::text IS NULL OR starts_with(name, $4))
                  AND ($5::text IS NULL OR customer_id = $5)
                  AND ($6::text IS NULL OR EXISTS (
                        SELECT 1 FROM usage_plan_keys p
                         WHERE p.account = k.account AND p.region = k.region
                           AND p.plan_id = $6 AND p.key_id = k.id))
                ORDER BY id LIMIT $7",
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            filter.name,
            filter.customer_id,
            filter.plan,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Writes what is declared of a key.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_update(
        &mut self,
        scope: &Scope,
        id: &str,
        definition: &ApiKey,
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE api_keys SET definition = $4, name = $5, customer_id = $6, updated_at = $7
              WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
            Json(definition) as _,
            definition.name,
            definition.customer_id,
            at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a key; it is in no usage plan then. Tells whether it was there.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_delete(&mut self, scope: &Scope, id: &str) -> Result<bool, Error> {
        let done = sqlx::query!(
            "DELETE FROM api_keys WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
