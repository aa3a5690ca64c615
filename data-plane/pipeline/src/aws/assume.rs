//! Keys of roles that STS gives: fetched when a stage is prepared, renewed
//! ahead of their end, once for the whole node and never by a request.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gw_convert::{Limits, xml_to_json};
use gw_sigv4::hash_body;
use gw_snapshot::AwsUri;
use gw_upstream::{Body, Client, Timeouts};
use http::{HeaderMap, HeaderValue, Method, Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::{Notify, mpsc};

use super::{
    credentials::Keys,
    endpoint::{Endpoints, Place},
    roles::Assume,
    sign::{Signatures, Unsigned},
};
use crate::{BodyBudget, gather::gather};

/// Longest answer of STS that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 10;
/// Time for one call of STS.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Keys are not used in their last seconds: clocks differ.
const MARGIN: Duration = Duration::from_secs(10);
/// Keys are renewed so long before their end, or at three quarters of their
/// life.
const AHEAD: Duration = Duration::from_secs(300);
/// Pauses between calls that fail.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A role and the keys that it has now.
pub(crate) struct Assumed {
    role: Box<str>,
    assume: Arc<Assume>,
    state: ArcSwap<State>,
    changed: Notify,
}

#[derive(Debug)]
enum State {
    /// Nothing is known yet.
    Waiting,
    /// Good until the end of its life.
    Ready { keys: Arc<Keys>, until: Instant },
    /// STS says no, or nothing: why.
    Failed(Arc<str>),
}

impl fmt::Debug for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assumed({})", self.role)
    }
}

impl Assumed {
    pub(super) fn new(role: &str, assume: Arc<Assume>) -> Self {
        let state = ArcSwap::from_pointee(State::Waiting);
        Self { role: role.into(), assume, state, changed: Notify::new() }
    }

    /// Whether it is assumed in just this way.
    pub(super) fn is_assumed_by(&self, assume: &Assume) -> bool {
        *self.assume == *assume
    }

    /// The keys; waits for the first ones.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn keys(&self) -> Result<Arc<Keys>, Arc<str>> {
        loop {
            let changed = self.changed.notified();
            match &**self.state.load() {
                State::Ready { keys, until } if *until > Instant::now() => {
                    return Ok(Arc::clone(keys));
                }
                State::Failed(reason) => return Err(Arc::clone(reason)),
                State::Ready { .. } | State::Waiting => {}
            }
            changed.await;
        }
    }

    fn is_ready(&self) -> bool {
        matches!(&**self.state.load(), State::Ready { until, .. } if *until > Instant::now())
    }

    fn set(&self, state: State) {
        self.state.store(Arc::new(state));
        self.changed.notify_waiters();
    }
}

/// Assumes roles, for all cores of a node.
#[derive(Debug)]
pub struct Assumer {
    pub(super) wanted: mpsc::UnboundedReceiver<Weak<Assumed>>,
    pub(super) sts: Sts,
}

/// Where STS is, and who asks it.
#[derive(Debug, Clone)]
pub(super) struct Sts {
    pub(super) endpoints: Endpoints,
    pub(super) own: Option<Arc<Keys>>,
    /// The region that is asked.
    pub(super) region: Box<str>,
}

impl Assumer {
    /// Keeps the keys of all roles that are in use; ends when nobody can want
    /// any more. Run it on one core, in the runtime of `client`.
    pub async fn run(mut self, client: Client) {
        while let Some(role) = self.wanted.recv().await {
            tokio::task::spawn_local(keep(role, self.sts.clone(), client.clone()));
        }
    }
}

/// Renews the keys of a role for as long as a stage uses it.
async fn keep(role: Weak<Assumed>, sts: Sts, client: Client) {
    let mut pause = RETRY.0;
    loop {
        let Some(assumed) = role.upgrade() else { return };
        let wait = match sts.assume(&client, &assumed).await {
            Ok((keys, life)) => {
                tracing::info!(role = &*assumed.role, life_s = life.as_secs(), "role assumed");
                let until = Instant::now() + life.saturating_sub(MARGIN);
                assumed.set(State::Ready { keys: Arc::new(keys), until });
                pause = RETRY.0;
                renewal(life)
            }
            Err(reason) => {
                tracing::error!(role = &*assumed.role, %reason, "cannot assume a role");
                if !assumed.is_ready() {
                    assumed.set(State::Failed(reason.into()));
                }
                let wait = pause;
                pause = (pause * 2).min(RETRY.1);
                wait
            }
        };
        drop(assumed);
        tokio::time::sleep(wait).await;
    }
}

/// When keys are renewed that live so long from now.
fn renewal(life: Duration) -> Duration {
    life.saturating_sub(AHEAD.min(life / 4)).max(RETRY.0)
}

impl Sts {
    /// Asks once: the keys and how long they live.
    async fn assume(&self, client: &Client, role: &Assumed) -> Result<(Keys, Duration), String> {
        let Some(own) = &self.own else {
            return Err("the node has no access keys of its own".to_owned());
        };
        let place = self.place(&role.role).ok_or("there is no address of STS")?;
        let body = Bytes::from(form(role));
        let path = format!("{}/", place.path);
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, form);
        headers.insert(header::HOST, place.host.clone());
        let digest = hash_body(&body);
        let unsigned = Unsigned { method: "POST", path: &path, body: &digest };
        let signatures = Signatures::new("sts", &place.region);
        if !signatures.sign(own, &unsigned, &mut headers, OffsetDateTime::now_utc()) {
            return Err("the node's access keys cannot be sent".to_owned());
        }
        let mut request = Request::new(Body::full(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().map_err(|_| "the path of STS is none")?;
        *request.headers_mut() = headers;
        let timeouts = Timeouts {
            connect: TIMEOUT,
            response: TIMEOUT,
            request_body: TIMEOUT,
            body_idle: TIMEOUT,
        };
        let response = client.send(&place.target, request, &timeouts).await;
        let (head, body) = response.map_err(|error| error.to_string())?.into_parts();
        let budget = BodyBudget::new(MAX_ANSWER);
        let body = gather(body, MAX_ANSWER, &budget).await;
        let body = body.map_err(|_| "the answer of STS cannot be read")?;
        read(&body).ok_or_else(|| {
            format!("STS answered {} {}", head.status.as_u16(), code(&body).unwrap_or_default())
        })
    }

    /// STS in the partition of the role.
    fn place(&self, role: &str) -> Option<Place> {
        let partition = role.split(':').nth(1)?;
        let uri = format!("arn:{partition}:apigateway:{}:sts:path/", self.region);
        self.endpoints.place(&AwsUri::parse(&uri).ok()?)
    }
}

fn form(role: &Assumed) -> String {
    let mut form = String::from("Action=AssumeRole&Version=2011-06-15");
    let mut add = |name: &str, value: &str| {
        form.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    };
    add("RoleArn", &role.role);
    add("RoleSessionName", &role.assume.session_name);
    add("DurationSeconds", &role.assume.duration_seconds.to_string());
    if let Some(id) = &role.assume.external_id {
        add("ExternalId", id);
    }
    form
}

/// The keys of an answer, and their life from now.
fn read(body: &[u8]) -> Option<(Keys, Duration)> {
    let answer = xml_to_json(body, &Limits::default()).ok()?;
    let given = answer.pointer("/AssumeRoleResponse/AssumeRoleResult/Credentials")?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let end = OffsetDateTime::parse(text("Expiration")?, &Rfc3339).ok()?;
    let life = SystemTime::from(end).duration_since(SystemTime::now()).ok()?;
    let keys = Keys::new(text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken"));
    Some((keys, life))
}

/// The code of an error, such as `AccessDenied`.
fn code(body: &[u8]) -> Option<String> {
    let answer = xml_to_json(body, &Limits::default()).ok()?;
    answer.pointer("/Error/Code").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn answers_of_sts() {
        let answer = |end: &str| {
            format!(
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>\
                 <SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>\
                 <Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
            )
        };
        let (keys, life) = read(answer("2999-01-01T00:00:00Z").as_bytes()).unwrap();
        assert_eq!((keys.access_key(), keys.secret(), keys.token()), ("A", "S", Some("T")));
        assert!(life > Duration::from_secs(900));
        assert!(read(answer("2001-01-01T00:00:00Z").as_bytes()).is_none(), "its end has passed");
        assert!(read(answer("tomorrow").as_bytes()).is_none());
        let error = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        assert!(read(error).is_none());
        assert_eq!(code(error).as_deref(), Some("AccessDenied"));
    }

    #[test]
    fn keys_are_renewed_ahead_of_their_end() {
        for (life, expected) in [(3600, 3300), (43_200, 42_900), (900, 675), (1, 1), (0, 1)] {
            assert_eq!(renewal(Duration::from_secs(life)), Duration::from_secs(expected), "{life}");
        }
    }

    #[test]
    fn forms() {
        let assume = Assume {
            session_name: "s".into(),
            external_id: Some("a&b".into()),
            duration_seconds: 900,
        };
        let role = Assumed::new("arn:aws:iam::1:role/r", Arc::new(assume));
        let expected = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr\
                        &RoleSessionName=s&DurationSeconds=900&ExternalId=a%26b";
        assert_eq!(form(&role), expected);
    }

    #[tokio::test]
    async fn requests_wait_for_the_first_keys_and_no_longer_than_for_a_failure() {
        let assume = Assume { session_name: "s".into(), external_id: None, duration_seconds: 900 };
        let role = Arc::new(Assumed::new("arn:aws:iam::1:role/r", Arc::new(assume)));
        let waiting = tokio::spawn({
            let role = Arc::clone(&role);
            async move { role.keys().await }
        });
        tokio::task::yield_now().await;
        assert!(!role.is_ready());
        role.set(State::Failed("no".into()));
        assert_eq!(waiting.await.unwrap().map(|_| ()), Err("no".into()));
        let keys = Arc::new(Keys::new("A", "S", None));
        role.set(State::Ready { keys, until: Instant::now() + Duration::from_secs(60) });
        assert_eq!(role.keys().await.unwrap().access_key(), "A");
    }
}
