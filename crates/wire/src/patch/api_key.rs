//! `UpdateApiKey`.

use gw_model::ApiKey;

use super::{
    Op, PatchOperation,
    table::{AD, R, Table, Unknown, plain},
};
use crate::Fault;

#[derive(Clone, Copy)]
enum Key {
    CustomerId,
    Description,
    Enabled,
    Name,
    Labels,
    Stages,
}

const TABLE: Table<Key> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(Key::CustomerId, "/customerId", R),
        plain(Key::Description, "/description", R),
        plain(Key::Enabled, "/enabled", R),
        plain(Key::Name, "/name", R),
        plain(Key::Labels, "/labels", AD),
        plain(Key::Stages, "/stages", AD),
    ],
};

/// Applies a patch to an API key. Whether stages exist is for the caller to
/// see.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_api_key(key: &mut ApiKey, operations: &[PatchOperation]) -> Result<(), Fault> {
    for operation in operations {
        match TABLE.find(operation)?.0 {
            Key::CustomerId => key.customer_id = operation.filled(),
            Key::Description => key.description = operation.filled(),
            // Whatever is not true is false, as AWS takes it.
            Key::Enabled => key.enabled = operation.value().eq_ignore_ascii_case("true"),
            Key::Name => key.name = operation.filled(),
            Key::Labels => element(&mut key.labels, operation, "label")?,
            Key::Stages => {
                let fine = |(api, stage): (&str, &str)| {
                    !api.is_empty() && !stage.is_empty() && !stage.contains('/')
                };
                if !operation.value().split_once('/').is_some_and(fine) {
                    return Err(Fault::bad_request(format!(
                        "Invalid stage specified: {}. It must be {{restApiId}}/{{stageName}}",
                        operation.value()
                    )));
                }
                element(&mut key.stage_keys, operation, "stage")?;
            }
        }
    }
    key.check().map_err(Fault::bad_request)
}

/// Adds a text to a list, where it may be already, or takes it out.
fn element(list: &mut Vec<String>, operation: &PatchOperation, what: &str) -> Result<(), Fault> {
    let value = operation.value();
    if value.is_empty() {
        return Err(Fault::bad_request(format!("Invalid null or empty {what} specified")));
    }
    let at = list.iter().position(|known| known == value);
    match (operation.op, at) {
        (Op::Remove, Some(at)) => drop(list.remove(at)),
        (Op::Remove, None) => {
            return Err(Fault::not_found(format!("Invalid {what} specified: {value}")));
        }
        (_, None) => list.push(value.to_owned()),
        (_, Some(_)) => {}
    }
    Ok(())
}
