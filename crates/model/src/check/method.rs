//! Methods and the responses that they declare.

use std::collections::BTreeSet;

use super::{Checked, mapping, media_type};
use crate::{Method, MethodResponse};

/// AWS's text for a method whose authorizer does not exist.
pub const NO_AUTHORIZER: &str = "Invalid authorizer ID specified. Setting the authorization type \
     to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";

/// Checks a method as `PutMethod` does, with the responses that it declares,
/// without its integration.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn method(method: &Method) -> Checked {
    let kind = method.authorization_type.as_str();
    if !["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT"].contains(&kind) {
        return Err("Invalid authorization type specified. \
                    Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS, JWT"
            .to_owned());
    }
    if matches!(kind, "CUSTOM" | "COGNITO_USER_POOLS" | "JWT") && method.authorizer_id.is_none() {
        return Err(NO_AUTHORIZER.to_owned());
    }
    let mut names = BTreeSet::new();
    for key in method.request_parameters.keys() {
        let places = ["header", "querystring", "path"];
        if !names.insert(mapping::parameter(key, "method.request.", &places)?) {
            let twice = "Parameter names must be unique across querystring, header and path";
            return Err(twice.to_owned());
        }
    }
    method.request_models.keys().try_for_each(|key| media_type(key))?;
    method.responses.values().try_for_each(method_response)
}

/// Checks a method response as `PutMethodResponse` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn method_response(response: &MethodResponse) -> Checked {
    response.response_parameters.keys().try_for_each(|key| response_header(key))?;
    response.response_models.keys().try_for_each(|key| media_type(key))
}

/// A key of `responseParameters`: `method.response.header.{name}`.
///
/// # Errors
/// When it has another form.
pub fn response_header(key: &str) -> Checked {
    mapping::parameter(key, "method.response.", &["header"]).map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::AuthorizerId;

    #[test]
    fn methods() {
        let with = |change: &dyn Fn(&mut Method)| {
            let mut method = Method::default();
            change(&mut method);
            super::method(&method)
        };
        let declares = |keys: &[&str]| {
            with(&|method| {
                method.request_parameters =
                    keys.iter().map(|key| ((*key).to_owned(), true)).collect();
            })
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(declares(&["method.request.path.id", "method.request.header.x-y"]), Ok(()));
        let table = [
            (&["method.request.path.id", "method.request.header.id"][..], "must be unique"),
            (&["method.request.cookie.id"], "expression specified: method.request.cookie.id]"),
            (&["querystring.id"], "expression specified: querystring.id]"),
            (&["method.request.querystring.a[b]"], "Parameter name should match"),
        ];
        for (keys, part) in table {
            assert!(declares(keys).unwrap_err().contains(part), "{keys:?}");
        }
        let kind = |kind: &str, authorizer: Option<&str>| {
            with(&|method| {
                kind.clone_into(&mut method.authorization_type);
                method.authorizer_id = authorizer.map(AuthorizerId::new);
            })
        };
        assert_eq!(kind("CUSTOM", Some("a")), Ok(()));
        assert_eq!(kind("AWS_IAM", None), Ok(()));
        assert_eq!(kind("JWT", None), Err(NO_AUTHORIZER.to_owned()));
        assert!(kind("IAM", None).unwrap_err().starts_with("Invalid authorization type"));
        assert_eq!(response_header("method.response.header.X"), Ok(()));
        assert!(response_header("method.response.body").is_err());
    }
}
