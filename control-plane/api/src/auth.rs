//! Who calls: a SigV4 signature or a bearer token.

use gw_app::{AccessKey, Caller, Principal};
use gw_model::{Region, Scope};
use gw_sigv4::{Error as SigError, Presented, Request, SigningKey, hash_body};
use http::request::Parts;

use crate::{Api, REGION_HEADER, RegionRule, error::ApiError};

/// The signing names that we answer to.
const SERVICES: [&str; 2] = ["apigateway", "execute-api"];

/// A caller who is known, before the body has been read: nobody unknown makes
/// us take a body in.
pub(crate) enum Known {
    /// By a token, which proves all there is to prove.
    Bearer(Principal, Region),
    /// By an access key; the signature is judged with the body.
    Signed(Box<Presented>, AccessKey),
}

fn signature_request<'a>(parts: &'a Parts) -> Request<'a> {
    Request {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        authority: parts.uri.authority().map(http::uri::Authority::as_str),
    }
}

fn bearer_token(parts: &Parts) -> Option<&str> {
    let text = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Finds out who claims to call.
pub(crate) async fn identify(api: &Api, parts: &Parts) -> Result<Known, ApiError> {
    if let Some(token) = bearer_token(parts) {
        let principal = api.app.bearer_verify(token).await?;
        return Ok(Known::Bearer(principal, region_of_header(api, parts)?));
    }
    let presented = Presented::parse(&signature_request(parts))?;
    let credential = &presented.credential;
    if !SERVICES.contains(&credential.service.as_str()) {
        return Err(SigError::wrong_service(SERVICES[0]).into());
    }
    if let RegionRule::Fixed(region) = &api.config.region
        && credential.region != region.as_str()
    {
        return Err(SigError::wrong_region(&credential.region).into());
    }
    if !is_region(&credential.region) {
        return Err(SigError::wrong_region(&credential.region).into());
    }
    // No session tokens are handed out, so none is known.
    if presented.security_token.is_some() {
        return Err(SigError::UnrecognizedClient.into());
    }
    let key = api.app.access_key_lookup(&credential.access_key).await?;
    Ok(Known::Signed(Box::new(presented), key))
}

impl Known {
    /// Judges what is left to judge and names the caller.
    pub(crate) fn prove(
        self,
        api: &Api,
        parts: &Parts,
        body: &[u8],
        request_id: &str,
    ) -> Result<Caller, ApiError> {
        let (principal, region) = match self {
            Self::Bearer(principal, region) => (principal, region),
            Self::Signed(presented, key) => {
                let signing = SigningKey::for_credential(&key.secret, &presented.credential);
                let request = signature_request(parts);
                presented.verify(&request, &hash_body(body), &signing, api.app.now())?;
                (key.principal, Region::new(presented.credential.region.as_str()))
            }
        };
        Ok(Caller {
            scope: Scope { account: api.config.account.clone(), region },
            arn: principal.arn,
            request_id: request_id.to_owned(),
        })
    }
}

fn region_of_header(api: &Api, parts: &Parts) -> Result<Region, ApiError> {
    if let RegionRule::Fixed(region) = &api.config.region {
        return Ok(region.clone());
    }
    let given = parts.headers.get(REGION_HEADER).map(|value| value.to_str().unwrap_or_default());
    let name = given.unwrap_or(RegionRule::DEFAULT_REGION);
    if is_region(name) { Ok(Region::new(name)) } else { Err(SigError::wrong_region(name).into()) }
}

/// A region's name becomes part of ARNs and rows: letters, digits, dashes.
fn is_region(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
