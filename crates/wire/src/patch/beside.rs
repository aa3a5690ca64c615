//! `UpdateClientCertificate`, `UpdateVpcLink` and `UpdateAccount`.

use gw_model::AccountSettings;

use super::{
    Op, PatchOperation,
    table::{AD, R, Table, Unknown, plain},
};
use crate::Fault;

/// The longest name or description.
const TEXT_LIMIT: usize = 1024;

/// Refuses a text that is too long.
///
/// # Errors
/// When it has more than 1,024 characters.
pub fn check_text(name: &str, text: &str) -> Result<(), Fault> {
    if text.chars().count() <= TEXT_LIMIT {
        return Ok(());
    }
    Err(Fault::bad_request(format!(
        "Invalid {name} specified. It must have at most {TEXT_LIMIT} characters"
    )))
}

/// The rules of a VPC link's name.
///
/// # Errors
/// When it is empty or too long.
pub fn check_link_name(name: &str) -> Result<(), Fault> {
    if name.trim().is_empty() {
        return Err(Fault::bad_request("Name cannot be empty"));
    }
    check_text("name", name)
}

const CERTIFICATE: Table<()> =
    Table { unknown: Unknown::Listed, rules: &[plain((), "/description", R)] };

/// Applies a patch to a client certificate, of which only the description can
/// change.
///
/// # Errors
/// AWS's text for the first operation that there is not.
pub fn patch_client_certificate(
    description: &mut Option<String>,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        CERTIFICATE.find(operation)?;
        check_text("description", operation.value())?;
        *description = operation.filled();
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum LinkKey {
    Description,
    Name,
}

const LINK: Table<LinkKey> = Table {
    unknown: Unknown::Listed,
    rules: &[plain(LinkKey::Description, "/description", R), plain(LinkKey::Name, "/name", R)],
};

/// Applies a patch to a VPC link's name and description.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_vpc_link(
    name: &mut String,
    description: &mut Option<String>,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        let path = operation.path.as_deref().unwrap_or_default();
        if path == "/targetArns" || path.starts_with("/targetArns/") {
            return Err(Fault::bad_request("Target arns are not allowed to be changed/added."));
        }
        match LINK.find(operation)?.0 {
            LinkKey::Name => {
                check_link_name(operation.value())?;
                operation.value().clone_into(name);
            }
            LinkKey::Description => {
                check_text("description", operation.value())?;
                *description = operation.filled();
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum AccountKey {
    Features,
    Role,
}

const ACCOUNT: Table<AccountKey> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(AccountKey::Role, "/cloudwatchRoleArn", R),
        plain(AccountKey::Features, "/features", AD),
    ],
};

/// Applies a patch to an account's settings.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_account(
    settings: &mut AccountSettings,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        match ACCOUNT.find(operation)?.0 {
            AccountKey::Role => settings.cloudwatch_role_arn = role(operation)?,
            AccountKey::Features => feature(settings, operation)?,
        }
    }
    Ok(())
}

/// `arn:{partition}:iam::{account}:role/{name}`; an empty text takes it away.
fn role(operation: &PatchOperation) -> Result<Option<String>, Fault> {
    let Some(arn) = operation.filled() else { return Ok(None) };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let fine = matches!(*parts, ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
    if fine && arn.len() <= 2048 {
        Ok(Some(arn))
    } else {
        Err(Fault::bad_request("Invalid ARN specified in the request"))
    }
}

fn feature(settings: &mut AccountSettings, operation: &PatchOperation) -> Result<(), Fault> {
    let name = operation.value();
    if name != AccountSettings::USAGE_PLANS {
        return Err(Fault::bad_request(format!(
            "Invalid feature specified: {name}. Must be one of: [{}]",
            AccountSettings::USAGE_PLANS
        )));
    }
    if operation.op == Op::Remove {
        return Err(Fault::bad_request("Usage Plans cannot be disabled once enabled"));
    }
    if !settings.features.iter().any(|known| known == name) {
        settings.features.push(name.to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn replace(path: &str, value: &str) -> PatchOperation {
        PatchOperation::new(Op::Replace, path, Some(value))
    }

    #[test]
    fn certificates_and_links() {
        let (mut name, mut description) = ("n".to_owned(), None);
        patch_client_certificate(&mut description, &[replace("/description", "d")]).unwrap();
        assert_eq!(description.as_deref(), Some("d"));
        patch_client_certificate(&mut description, &[replace("/description", "")]).unwrap();
        assert_eq!(description, None);
        let both = [replace("/name", "m"), replace("/description", "e")];
        patch_vpc_link(&mut name, &mut description, &both).unwrap();
        assert_eq!((name.as_str(), description.as_deref()), ("m", Some("e")));
        let long = "x".repeat(TEXT_LIMIT + 1);
        for (operation, message) in [
            (replace("/name", ""), "Name cannot be empty"),
            (
                replace("/name", &long),
                "Invalid name specified. It must have at most 1024 characters",
            ),
            (replace("/targetArns", "x"), "Target arns are not allowed to be changed/added."),
            (
                replace("/id", "x"),
                "Invalid patch path  '/id' specified for op 'replace'. Must be one of: \
                 [/description, /name]",
            ),
            (
                PatchOperation::new(Op::Remove, "/name", None),
                "Invalid patch path  '/name' specified for op 'remove'. Please choose supported \
                 operations",
            ),
        ] {
            let refused = patch_vpc_link(&mut name, &mut description, &[operation]);
            assert_eq!(refused.unwrap_err().message, message);
        }
    }

    #[test]
    fn accounts() {
        let mut account = AccountSettings::default();
        let arn = "arn:aws:iam::123456789012:role/path/logs";
        patch_account(&mut account, &[replace("/cloudwatchRoleArn", arn)]).unwrap();
        assert_eq!(account.cloudwatch_role_arn.as_deref(), Some(arn));
        let add = |value| PatchOperation::new(Op::Add, "/features", Some(value));
        patch_account(&mut account, &[add("UsagePlans"), add("UsagePlans")]).unwrap();
        assert_eq!(account.features, ["UsagePlans"]);
        for (operation, message) in [
            (
                replace("/cloudwatchRoleArn", "arn:aws:iam::1:role/x"),
                "Invalid ARN specified in the request",
            ),
            (add("Other"), "Invalid feature specified: Other. Must be one of: [UsagePlans]"),
            (
                PatchOperation::new(Op::Remove, "/features", Some("UsagePlans")),
                "Usage Plans cannot be disabled once enabled",
            ),
            (
                replace("/throttleSettings/rateLimit", "1"),
                "Invalid patch path  '/throttleSettings/rateLimit' specified for op 'replace'. \
                 Must be one of: [/cloudwatchRoleArn]",
            ),
        ] {
            assert_eq!(patch_account(&mut account, &[operation]).unwrap_err().message, message);
        }
        patch_account(&mut account, &[replace("/cloudwatchRoleArn", "")]).unwrap();
        assert_eq!(account, AccountSettings::default());
    }
}
