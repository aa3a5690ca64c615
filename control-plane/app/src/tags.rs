//! Tags: one use case for all resources that can have some.

use std::collections::BTreeMap;

use gw_model::{Scope, StageKey, Taggable};
use gw_store::Txn;

use crate::{App, Caller, Error, Result, error::Kind, rest_api, stage, transact::transact};

/// Tags of a resource: values by key.
pub type Tags = BTreeMap<String, String>;

/// AWS's bounds, in characters.
const KEY_LENGTH: usize = 128;
const VALUE_LENGTH: usize = 256;

/// AWS's bound for one resource.
const MOST: usize = 50;

/// Refuses tags that AWS refuses, whatever they are for.
pub(crate) fn check(tags: &Tags) -> Result<()> {
    for (key, value) in tags {
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(Error::bad_request(
                "Invalid tag key. Tag keys cannot start with 'aws:' (case insensitive)",
            ));
        }
        if key.trim().is_empty() || key.chars().count() > KEY_LENGTH || !key.chars().all(allowed) {
            return Err(Error::BadRequest(format!(
                "Invalid tag key. Tag keys must have 1 to {KEY_LENGTH} letters, digits, spaces \
                 and characters of +-=._:/@"
            )));
        }
        if value.chars().count() > VALUE_LENGTH || !value.chars().all(allowed) {
            return Err(Error::BadRequest(format!(
                "Invalid tag value. Tag values must have at most {VALUE_LENGTH} letters, digits, \
                 spaces and characters of +-=._:/@"
            )));
        }
    }
    count(tags)
}

fn count(tags: &Tags) -> Result<()> {
    if tags.len() > MOST {
        return Err(Error::BadRequest(format!(
            "Invalid tags. A resource can have at most {MOST} tags"
        )));
    }
    Ok(())
}

/// Letters and digits of any script, spaces, and AWS's list.
fn allowed(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c)
}

/// Says in AWS's words what is not there.
async fn missing(txn: &mut Txn, scope: &Scope, resource: &Taggable) -> Error {
    let known = match resource {
        Taggable::RestApi(id) => rest_api::fetch(txn, scope, id).await.map(drop),
        Taggable::Stage(api, name) => {
            let key = StageKey { scope: scope.clone(), api: api.clone(), stage: name.clone() };
            stage::stage_in(txn, &key).await.map(drop)
        }
        Taggable::ApiKey(id) => Err(Error::not_found(Kind::ApiKey, id)),
        Taggable::UsagePlan(id) => Err(Error::not_found(Kind::UsagePlan, id)),
        Taggable::DomainName { name, .. } => Err(Error::not_found(Kind::DomainName, name)),
        Taggable::VpcLink(id) => Err(Error::not_found(Kind::VpcLink, id)),
        Taggable::ClientCertificate(id) => Err(Error::not_found(Kind::ClientCertificate, id)),
    };
    // There by now: it was made between the two looks.
    known.err().unwrap_or_else(|| Error::Contended("the resource was just made".into()))
}

impl App {
    /// The tags of a resource.
    ///
    /// # Errors
    /// When the caller's scope has no such resource.
    pub async fn tags_fetch(&self, caller: &Caller, resource: &Taggable) -> Result<Tags> {
        let mut txn = self.store().read().await?;
        match txn.tags_fetch(&caller.scope, resource).await? {
            Some(tags) => Ok(tags),
            None => Err(missing(&mut txn, &caller.scope, resource).await),
        }
    }

    /// Adds tags, in place of those of the same keys.
    ///
    /// # Errors
    /// When there is no such resource, or AWS would refuse what it then had.
    pub async fn tags_add(&self, caller: &Caller, resource: &Taggable, tags: &Tags) -> Result<()> {
        check(tags)?;
        self.tags_change(caller, resource, tags, &[], "TagResource").await
    }

    /// Takes tags away; those that are not there are no fault.
    ///
    /// # Errors
    /// When there is no such resource.
    pub async fn tags_remove(
        &self,
        caller: &Caller,
        resource: &Taggable,
        keys: &[String],
    ) -> Result<()> {
        self.tags_change(caller, resource, &Tags::new(), keys, "UntagResource").await
    }

    async fn tags_change(
        &self,
        caller: &Caller,
        resource: &Taggable,
        added: &Tags,
        removed: &[String],
        operation: &'static str,
    ) -> Result<()> {
        transact!(self, |txn| {
            match txn.tags_change(&caller.scope, resource, added, removed).await? {
                Some(tags) => count(&tags)?,
                None => Err(missing(&mut txn, &caller.scope, resource).await)?,
            }
            ((), Some(caller.audit(operation, resource.to_string())))
        })?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Tags {
        [(key.to_owned(), value.to_owned())].into()
    }

    #[test]
    fn what_tags_may_be() {
        for (key, value) in
            [("a", ""), ("Kostenstelle/ä", "x y"), ("k+-=._:/@", &"v".repeat(256)), ("awsome", "")]
        {
            check(&one(key, value)).unwrap();
        }
        let most: Tags = (0..50).map(|n| (n.to_string(), String::new())).collect();
        check(&most).unwrap();
    }

    #[test]
    fn what_tags_may_not_be() {
        let long = "k".repeat(129);
        for (key, value, start) in [
            ("aws:x", "", "Invalid tag key. Tag keys cannot start with 'aws:'"),
            ("AWS:x", "", "Invalid tag key. Tag keys cannot start with 'aws:'"),
            ("", "", "Invalid tag key. Tag keys must have"),
            (" ", "", "Invalid tag key. Tag keys must have"),
            ("a<b", "", "Invalid tag key. Tag keys must have"),
            (&long, "", "Invalid tag key. Tag keys must have"),
            ("a", &"v".repeat(257), "Invalid tag value."),
            ("a", "\u{0}", "Invalid tag value."),
        ] {
            let refused = check(&one(key, value)).unwrap_err().to_string();
            assert!(refused.starts_with(start), "{key}: {refused}");
        }
        let many: Tags = (0..51).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(
            check(&many).unwrap_err().to_string(),
            "Invalid tags. A resource can have at most 50 tags"
        );
    }
}
