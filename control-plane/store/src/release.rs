//! Rows of releases: the history of stages.

use std::{fmt, str::FromStr};

use gw_model::{DeploymentId, Release, ReleaseNumber, ResourceName, Revision};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Error, StageRow, Txn, change::revision};

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseState {
    /// Nodes are preparing it.
    Pending,
    /// Committed.
    Serving,
    /// It served, and a newer release took its place.
    Former,
    /// A newer release came before it was committed.
    Superseded,
    /// A node found its content at fault.
    Rejected,
}

impl ReleaseState {
    /// The state as the database has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Serving => "serving",
            Self::Former => "former",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for ReleaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReleaseState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Pending, Self::Serving, Self::Former, Self::Superseded, Self::Rejected]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::corrupt("release state", text))
    }
}

/// A release in its stage's history.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseRow {
    /// The release.
    pub release: Release,
    /// Where it stands.
    pub state: ReleaseState,
    /// What made it.
    pub cause: String,
    /// The principal that made it.
    pub actor: String,
    /// Node and reason, when rejected.
    pub reason: Option<String>,
    /// When it was appended.
    pub created_at: OffsetDateTime,
    /// The revision at which it was appended.
    pub revision: Revision,
    /// The deployment's description.
    pub description: Option<String>,
}

/// A release to append.
#[derive(Debug, Clone)]
pub struct NewRelease<'a> {
    /// The release; its number must be the stage's next.
    pub release: &'a Release,
    /// What makes it.
    pub cause: &'a str,
    /// The principal that makes it.
    pub actor: &'a str,
    /// When.
    pub at: OffsetDateTime,
}

pub(crate) fn parse(text: &str) -> Result<Release, Error> {
    serde_json::from_str(text).map_err(|error| Error::corrupt("release", error))
}

/// The release's bytes for ever. The column takes an escaped U+0000, but then
/// no member of the text could be read in SQL any more.
pub(crate) fn print(release: &Release) -> Result<String, Error> {
    let corrupt = |error| Error::corrupt("release", error);
    let text = serde_json::to_string(release).map_err(corrupt)?;
    let suspect = text.contains("\\u0000");
    if suspect && holds_nul(&serde_json::to_value(release).map_err(corrupt)?) {
        return Err(Error::InvalidText);
    }
    Ok(text)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

macro_rules! release_row {
    ($row:expr) => {{
        let row = $row;
        ReleaseRow {
            release: parse(&row.release)?,
            state: row.state.parse()?,
            cause: row.cause,
            actor: row.actor,
            reason: row.reason,
            created_at: row.created_at,
            revision: revision(row.epoch, row.revision),
            description: row.description,
        }
    }};
}

impl Txn {
    /// Appends a pending release as the stage's desired one. An older pending
    /// release is superseded: a stage has one rollout in flight.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_append(
        &mut self,
        stage: &StageRow,
        new: NewRelease<'_>,
    ) -> Result<(), Error> {
        let number = new.release.number.0 as i64;
        sqlx::query!(
            "WITH overtaken AS (
               UPDATE releases SET state = 'superseded' WHERE stage_id = $1 AND state = 'pending'
             ), pointed AS (
               UPDATE stages SET desired_release = $2, updated_at = $6 WHERE id = $1
             )
             INSERT INTO releases (stage_id, number, release, cause, actor, state, created_at)
             VALUES ($1, $2, $3::text::json, $4, $5, 'pending', $6)",
            stage.id,
            number,
            print(new.release)?,
            new.cause,
            new.actor,
            new.at,
        )
        .execute(self.conn())
        .await?;
        self.notices.releases.push((stage.id, number));
        self.notices.names.insert(ResourceName::Stage(stage.key.clone()).to_string());
        Ok(())
    }

    /// Reads one release.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_fetch(
        &mut self,
        stage: &StageRow,
        number: ReleaseNumber,
    ) -> Result<Option<ReleaseRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT r.release::text AS "release!", r.state, r.cause, r.actor, r.reason,
                      r.created_at, r.epoch, r.revision, d.description AS "description?"
                 FROM releases r JOIN stages s ON s.id = r.stage_id
                 LEFT JOIN deployments d
                        ON d.api_id = s.api_id AND d.id = r.release ->> 'deploymentId'
                WHERE r.stage_id = $1 AND r.number = $2"#,
            stage.id,
            number.0 as i64,
        )
        .fetch_optional(self.conn())
        .await?;
        row.map(|row| Ok(release_row!(row))).transpose()
    }

    /// The newest release that served before release `before`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_former(
        &mut self,
        stage: &StageRow,
        before: ReleaseNumber,
    ) -> Result<Option<Release>, Error> {
        let found = sqlx::query_scalar!(
            r#"SELECT release::text AS "release!" FROM releases
                WHERE stage_id = $1 AND number < $2 AND state = 'former'
                ORDER BY number DESC LIMIT 1"#,
            stage.id,
            before.0 as i64,
        )
        .fetch_optional(self.conn())
        .await?;
        found.map(|text| parse(&text)).transpose()
    }

    /// A page of a stage's history before release `before`, newest first.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_list(
        &mut self,
        stage: &StageRow,
        before: Option<ReleaseNumber>,
        limit: i64,
    ) -> Result<Vec<ReleaseRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT r.release::text AS "release!", r.state, r.cause, r.actor, r.reason,
                      r.created_at, r.epoch, r.revision, d.description AS "description?"
                 FROM releases r JOIN stages s ON s.id = r.stage_id
                 LEFT JOIN deployments d
                        ON d.api_id = s.api_id AND d.id = r.release ->> 'deploymentId'
                WHERE r.stage_id = $1 AND r.number < $2
                ORDER BY r.number DESC LIMIT $3"#,
            stage.id,
            before.map_or(i64::MAX, |number| number.0 as i64),
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter().map(|row| Ok(release_row!(row))).collect()
    }

    /// The newest releases, over all stages of an API, that name a deployment:
    /// stage name and number.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn releases_naming(
        &mut self,
        api: &gw_model::ApiId,
        deployment: &DeploymentId,
        limit: i64,
    ) -> Result<Vec<(gw_model::StageName, ReleaseNumber)>, Error> {
        let rows = sqlx::query!(
            "SELECT s.name, r.number FROM releases r JOIN stages s ON s.id = r.stage_id
              WHERE s.api_id = $1 AND (r.release ->> 'deploymentId' = $2
                    OR r.release -> 'canary' ->> 'deploymentId' = $2)
              ORDER BY r.created_at DESC LIMIT $3",
            api.as_str(),
            deployment.as_str(),
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.name.into(), ReleaseNumber(row.number as u64)))
            .collect())
    }
}
