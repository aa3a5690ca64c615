//! Resource policies, as far as anything but a node looks into them: the
//! short form of their resources.

use serde_json::{Map, Value};

/// What stands for the ARN of what a policy is attached to.
const SHORT: &str = "execute-api:/";

/// The policy with each resource `execute-api:/...` under `arn`, the ARN of
/// what it is attached to: `whole` makes one of the ARN and what follows the
/// slash. A text without such resources, or that is no policy, stays as it is.
pub fn with_whole_resources(policy: &str, whole: impl Fn(&str) -> String) -> String {
    let Ok(Value::Object(mut members)) = serde_json::from_str(policy) else {
        return policy.to_owned();
    };
    if !expand_resources(&mut members, whole) {
        return policy.to_owned();
    }
    Value::Object(members).to_string()
}

/// The same in a policy that is read already. Whether there was any.
pub fn expand_resources(policy: &mut Map<String, Value>, whole: impl Fn(&str) -> String) -> bool {
    let mut any = false;
    let mut expand = |value: &mut Value| {
        if let Some(rest) = value.as_str().and_then(|text| text.strip_prefix(SHORT)) {
            *value = whole(rest).into();
            any = true;
        }
    };
    let statements = match policy.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(statement) => std::slice::from_mut(statement),
        None => &mut [],
    };
    for statement in statements {
        for name in ["Resource", "NotResource"] {
            match statement.get_mut(name) {
                Some(Value::Array(items)) => items.iter_mut().for_each(&mut expand),
                Some(value) => expand(value),
                None => {}
            }
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_resources_become_whole_ones() {
        let whole = |rest: &str| format!("arn:me/{rest}");
        for (given, expected) in [
            (
                r#"{ "Statement": {"Resource": "execute-api:/*", "Effect": "Deny"} }"#,
                r#"{"Statement":{"Resource":"arn:me/*","Effect":"Deny"}}"#,
            ),
            (
                r#"{"Statement": [{"NotResource": ["execute-api:/a/GET/b", "x"]}, 1]}"#,
                r#"{"Statement":[{"NotResource":["arn:me/a/GET/b","x"]},1]}"#,
            ),
            (r#"{ "Statement": [{"Resource": "execute-api:x"}] }"#, ""),
            (r#"{ "Resource": "execute-api:/*" }"#, ""),
            ("execute-api:/*", ""),
        ] {
            let expected = if expected.is_empty() { given } else { expected };
            assert_eq!(with_whole_resources(given, whole), expected);
        }
    }
}
