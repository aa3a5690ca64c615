//! A stage at one release, with all that its requests need worked out.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use gw_model::{Digest, HttpMethod, Release, ReleaseNumber, StageKey, StageSettings, Variables};
use http::HeaderValue;

use crate::{
    AwsAddress, AwsTarget, CompiledApi, CompiledResource, Fault, HttpProxy, Route, Target,
    Throttle, Uri,
    uri::{Origins, fill_variables, has_variables},
};

/// A stage at one release.
#[derive(Debug)]
pub struct CompiledStage {
    key: StageKey,
    release: ReleaseNumber,
    release_header: HeaderValue,
    main: Bound,
    canary: Option<Canary>,
    throttles: Throttles,
    client_certificate: Option<Box<str>>,
    warnings: Box<[Fault]>,
    size_bytes: usize,
}

/// The second deployment of a stage and how many requests meet it.
#[derive(Debug)]
pub struct Canary {
    /// A draw of 32 bits below this meets the canary; 2^32 is every one.
    threshold: u64,
    bound: Bound,
}

/// A deployment joined with the variables that it runs under.
#[derive(Debug)]
pub struct Bound {
    /// The deployment's id.
    pub deployment_id: Box<str>,
    /// Its compiled content.
    pub api: Arc<CompiledApi>,
    /// The stage's variables, with the canary's overrides if it is the canary.
    pub variables: Arc<Variables>,
    /// Whether it is the canary.
    pub is_canary: bool,
    /// By number of route, for addresses with variables; empty if there is
    /// none. `None` is an address that the variables made invalid.
    targets: Box<[Option<Arc<Target>>]>,
    /// The same for ids of VPC links with variables.
    links: Box<[Option<Box<str>>]>,
    /// The same for addresses of AWS's services.
    aws: Box<[Option<Arc<AwsTarget>>]>,
}

/// Rate limits by path and verb; one bucket for a method in both deployments.
#[derive(Debug, Default)]
struct Throttles {
    buckets: HashMap<(Box<str>, HttpMethod), Arc<Throttle>>,
    /// By number of route, of the main deployment and of the canary.
    by_route: [Box<[Option<Arc<Throttle>>]>; 2],
}

impl CompiledStage {
    /// Joins `release` with the compiled deployments that `lookup` knows.
    ///
    /// # Errors
    /// A deployment that `lookup` does not know. Addresses that the variables
    /// make invalid are [`warnings`](Self::warnings) only.
    pub fn bind(
        key: &StageKey,
        release: &Release,
        lookup: impl Fn(&Digest) -> Option<Arc<CompiledApi>>,
    ) -> Result<Self, Vec<Fault>> {
        let find = |digest: &Digest| {
            lookup(digest)
                .ok_or_else(|| vec![Fault::fatal("", format!("deployment {digest} is not here"))])
        };
        let mut faults = BTreeSet::new();
        let variables = Arc::new(release.variables.clone());
        let api = find(&release.deployment)?;
        let id = release.deployment_id.as_str();
        let main = Bound::new(id, api, variables, false, &mut faults);
        let canary = match &release.canary {
            None => None,
            Some(canary) => {
                let mut variables = release.variables.clone();
                variables.extend(canary.stage_variable_overrides.clone());
                let api = find(&canary.deployment)?;
                let id = canary.deployment_id.as_str();
                let bound = Bound::new(id, api, Arc::new(variables), true, &mut faults);
                Some(Canary { threshold: threshold(canary.percent_traffic), bound })
            }
        };
        let certificate = release.settings.client_certificate_id.as_deref();
        let throttles = Throttles::new(&release.settings, &main, canary.as_ref());
        let mut stage = Self {
            key: key.clone(),
            release: release.number,
            release_header: HeaderValue::from(release.number.0),
            main,
            canary,
            throttles,
            client_certificate: certificate.map(Into::into),
            warnings: faults.into_iter().collect(),
            size_bytes: 0,
        };
        stage.size_bytes = stage.count_bytes();
        Ok(stage)
    }

    /// The stage's name, globally.
    pub fn key(&self) -> &StageKey {
        &self.key
    }

    /// The release.
    pub fn release(&self) -> ReleaseNumber {
        self.release
    }

    /// The release's number as a header.
    pub fn release_header(&self) -> &HeaderValue {
        &self.release_header
    }

    /// The deployment for a request that drew `draw`, uniform over 32 bits.
    pub fn choose(&self, draw: u32) -> &Bound {
        match &self.canary {
            Some(canary) if u64::from(draw) < canary.threshold => &canary.bound,
            _ => &self.main,
        }
    }

    /// Whether a draw is needed at all.
    pub fn has_canary(&self) -> bool {
        self.canary.is_some()
    }

    /// The deployment that most requests meet.
    pub fn main(&self) -> &Bound {
        &self.main
    }

    /// The canary's deployment.
    pub fn canary(&self) -> Option<&Bound> {
        self.canary.as_ref().map(|canary| &canary.bound)
    }

    /// The id of the certificate that its HTTPS backends are shown, the
    /// canary's too.
    pub fn client_certificate(&self) -> Option<&str> {
        self.client_certificate.as_deref()
    }

    /// The rate limit of a route, if the stage sets one.
    pub fn throttle(&self, bound: &Bound, route: u32) -> Option<&Throttle> {
        let routes = self.throttles.by_route.get(usize::from(bound.is_canary))?;
        routes.get(route as usize)?.as_deref()
    }

    /// Goes on with the hot state of the release that this one replaces. Call
    /// it before the stage serves.
    pub fn inherit(&self, former: &Self) {
        for (method, throttle) in &self.throttles.buckets {
            if let Some(former) = former.throttles.buckets.get(method) {
                throttle.inherit(former);
            }
        }
    }

    /// Routes that this release's variables poison, ordered by place. Those
    /// of the deployments themselves are with the deployments.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// Roughly the bytes it occupies, without the compiled deployments.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn count_bytes(&self) -> usize {
        let canary = self.canary.as_ref().map_or(0, |canary| canary.bound.count_bytes());
        let buckets: usize = self.throttles.buckets.keys().map(|(path, _)| path.len() + 96).sum();
        let by_route: usize = self.throttles.by_route.iter().map(|list| size_of_val(&**list)).sum();
        size_of::<Self>() + 96 + self.main.count_bytes() + canary + buckets + by_route
    }
}

impl Bound {
    fn new(
        deployment_id: &str,
        api: Arc<CompiledApi>,
        variables: Arc<Variables>,
        is_canary: bool,
        faults: &mut BTreeSet<Fault>,
    ) -> Self {
        let mut origins = Origins::new();
        let mut bind = |resource: &CompiledResource, route: &Route| {
            let proxy = route.integration.http_backend()?;
            let Uri::Variable { text, places } = &proxy.uri else { return None };
            let address = fill_variables(text, &variables);
            let insecure = proxy.insecure_skip_verification;
            match Target::parse(&address, places, insecure, &mut origins) {
                Ok(target) => Some(Arc::new(target)),
                Err(error) => {
                    let place = format!("{} {}", route.verb, resource.path);
                    faults.insert(Fault::poisoned(place, error.to_string()));
                    None
                }
            }
        };
        let needed = api.routes().any(|(_, route)| route.has_variable_address());
        let targets = match needed {
            true => api.routes().map(|(resource, route)| bind(resource, route)).collect(),
            false => Box::default(),
        };
        let links = match api.routes().any(|(_, route)| variable_link(route).is_some()) {
            true => {
                let fill = |text: &str| fill_variables(text, &variables).into();
                api.routes().map(|(_, route)| variable_link(route).map(fill)).collect()
            }
            false => Box::default(),
        };
        let aws = bind_aws(&api, &variables, faults);
        Self { deployment_id: deployment_id.into(), api, variables, is_canary, targets, links, aws }
    }

    /// Where a route's calls of AWS go; `None` if the variables make no
    /// address.
    pub fn aws<'a>(&'a self, route: u32, address: &'a AwsAddress) -> Option<&'a AwsTarget> {
        match address {
            AwsAddress::Fixed(target) => Some(target),
            AwsAddress::Variable { .. } => self.aws.get(route as usize)?.as_deref(),
        }
    }

    /// Where its calls of AWS go, invalid addresses left out.
    pub fn aws_targets(&self) -> impl Iterator<Item = &AwsTarget> {
        self.api
            .routes()
            .zip(0..)
            .filter_map(|((_, route), number)| self.aws(number, route.integration.aws_address()?))
    }

    /// Where an HTTP route goes; `None` if the variables make no address.
    pub fn target<'a>(&'a self, route: u32, proxy: &'a HttpProxy) -> Option<&'a Target> {
        match &proxy.uri {
            Uri::Fixed(target) => Some(target),
            Uri::Variable { .. } => self.targets.get(route as usize)?.as_deref(),
        }
    }

    /// The id of the VPC link that an HTTP route goes through, if it does.
    pub fn link<'a>(&'a self, route: u32, proxy: &'a HttpProxy) -> Option<&'a str> {
        let named = proxy.link.as_deref()?;
        if has_variables(named) { self.links.get(route as usize)?.as_deref() } else { Some(named) }
    }

    /// Where its HTTP routes go, invalid addresses and what is behind VPC
    /// links left out.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.api.routes().zip(0..).filter_map(|((_, route), number)| {
            let proxy = route.integration.http_backend().filter(|proxy| proxy.link.is_none())?;
            self.target(number, proxy)
        })
    }

    fn count_bytes(&self) -> usize {
        let variables: usize = self.variables.iter().map(|(k, v)| k.len() + v.len() + 64).sum();
        let targets: usize = self.targets.iter().flatten().map(|target| target.size_bytes()).sum();
        let links: usize = self.links.iter().flatten().map(|link| link.len()).sum();
        let aws: usize = self.aws.iter().flatten().map(|target| target.size_bytes()).sum();
        let lists =
            size_of_val(&*self.targets) + size_of_val(&*self.links) + size_of_val(&*self.aws);
        self.deployment_id.len() + variables + targets + links + aws + lists
    }
}

/// By number of route, the addresses of AWS's services that have variables.
fn bind_aws(
    api: &CompiledApi,
    variables: &Variables,
    faults: &mut BTreeSet<Fault>,
) -> Box<[Option<Arc<AwsTarget>>]> {
    let mut addresses = api.routes().filter_map(|(_, route)| route.integration.aws_address());
    if !addresses.any(AwsAddress::is_variable) {
        return Box::default();
    }
    let bound = api.routes().map(|(resource, route)| {
        match route.integration.aws_address()?.bind(variables)? {
            Ok(target) => Some(Arc::new(target)),
            Err(error) => {
                let place = format!("{} {}", route.verb, resource.path);
                faults.insert(Fault::poisoned(place, error.to_string()));
                None
            }
        }
    });
    bound.collect()
}

/// The VPC link of a route, if its id has variables.
fn variable_link(route: &Route) -> Option<&str> {
    let proxy = route.integration.http_backend()?;
    proxy.link.as_deref().filter(|link| has_variables(link))
}

impl Route {
    fn has_variable_address(&self) -> bool {
        let backend = self.integration.http_backend();
        backend.is_some_and(|backend| matches!(backend.uri, Uri::Variable { .. }))
    }
}

impl Throttles {
    fn new(settings: &StageSettings, main: &Bound, canary: Option<&Canary>) -> Self {
        let mut throttles = Self::default();
        if settings.method_settings.is_empty() {
            return throttles;
        }
        let limits: HashMap<String, (f64, i32)> = settings
            .method_settings
            .iter()
            .map(|(key, setting)| {
                let limit = (setting.throttling_rate_limit, setting.throttling_burst_limit);
                (normal_key(key), limit)
            })
            .collect();
        let bounds = [Some(main), canary.map(|canary| &canary.bound)];
        for (bound, list) in bounds.into_iter().zip(&mut throttles.by_route) {
            let Some(bound) = bound else { continue };
            let routes = bound.api.routes().map(|(resource, route)| {
                let own = normal_key(&format!("{}/{}", resource.path, route.verb));
                let (rate, burst) = *limits.get(&own).or_else(|| limits.get("*/*"))?;
                let bucket = throttles
                    .buckets
                    .entry((resource.path.clone(), route.verb))
                    .or_insert_with(|| Arc::new(Throttle::new(rate, burst)));
                Some(bucket.clone())
            });
            *list = routes.collect();
        }
        throttles
    }
}

/// `~1pets~1{id}/GET`, `pets/{id}/GET` and `/pets/{id}/GET` are one key, and
/// so are `~1/GET` and `/GET`, the root's.
fn normal_key(key: &str) -> String {
    let plain = key.replace("~1", "/");
    match plain.rsplit_once('/') {
        Some((path, verb)) => format!("{}/{verb}", path.trim_matches('/')),
        None => plain,
    }
}

/// Percent of 2^32, rounded; out of range is clamped and NaN is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 ..= 2^32, which a u64 holds"
)]
fn threshold(percent: f64) -> u64 {
    let share = if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) / 100.0 };
    (share * 4_294_967_296.0).round() as u64
}
