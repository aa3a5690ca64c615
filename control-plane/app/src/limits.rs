//! Limits of an installation. AWS's own are quotas that can be raised; ours
//! bound what one API can cost.

/// How much of everything there may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// REST APIs of one account and region.
    pub rest_apis: i64,
    /// Resources of one API.
    pub resources_per_api: i64,
    /// Stages of one API.
    pub stages_per_api: usize,
    /// Models of one API.
    pub models_per_api: usize,
    /// Request validators of one API.
    pub validators_per_api: usize,
    /// Authorizers of one API.
    pub authorizers_per_api: usize,
    /// Documentation parts of one API.
    pub documentation_parts_per_api: usize,
    /// Custom domains of one account and region.
    pub domain_names: i64,
    /// Base path mappings of one custom domain.
    pub mappings_per_domain: usize,
    /// Client certificates of one account and region.
    pub client_certificates: i64,
    /// Usage plans of one account and region.
    pub usage_plans: i64,
    /// Usage plans that one API key can be in.
    pub plans_per_api_key: usize,
    /// VPC links of one account and region.
    pub vpc_links: i64,
    /// Requests per second of one account and region, as `GetAccount` tells it.
    pub account_rate: f64,
    /// The bucket of that, in requests.
    pub account_burst: i32,
    /// The longest `timeoutInMillis`, in milliseconds; 300,000 at most.
    pub integration_timeout_ms: u32,
    /// The largest answer to a list.
    pub page: u32,
    /// What the compiler accepts.
    pub compile: gw_snapshot::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rest_apis: 100_000,
            resources_per_api: 20_000,
            stages_per_api: 100,
            models_per_api: 10_000,
            validators_per_api: 1_000,
            authorizers_per_api: 1_000,
            documentation_parts_per_api: 20_000,
            domain_names: 10_000,
            mappings_per_domain: 1_000,
            client_certificates: 10_000,
            usage_plans: 100_000,
            plans_per_api_key: 100,
            vpc_links: 10_000,
            account_rate: 10_000.0,
            account_burst: 5_000,
            integration_timeout_ms: 29_000,
            page: 500,
            compile: gw_snapshot::Limits::default(),
        }
    }
}

/// A text that sets no quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no quota: NAME=NUMBER with one of the names {names}")]
pub struct InvalidQuota {
    text: String,
    names: String,
}

/// A quota as it stands in a flag: `resources-per-api=500`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    name: &'static str,
    value: u32,
}

/// What sets one quota.
type Setter = fn(&mut Limits, u32);

/// Every quota that can be set, by name.
const QUOTAS: &[(&str, Setter)] = &[
    ("account-burst", |limits, n| limits.account_burst = i32::try_from(n).unwrap_or(i32::MAX)),
    ("account-rate", |limits, n| limits.account_rate = f64::from(n)),
    ("authorizers-per-api", |limits, n| limits.authorizers_per_api = n as usize),
    ("client-certificates", |limits, n| limits.client_certificates = i64::from(n)),
    ("documentation-parts-per-api", |limits, n| limits.documentation_parts_per_api = n as usize),
    ("domain-names", |limits, n| limits.domain_names = i64::from(n)),
    ("integration-timeout-ms", |limits, n| limits.integration_timeout_ms = n),
    ("mappings-per-domain", |limits, n| limits.mappings_per_domain = n as usize),
    ("models-per-api", |limits, n| limits.models_per_api = n as usize),
    ("plans-per-api-key", |limits, n| limits.plans_per_api_key = n as usize),
    ("resources-per-api", |limits, n| limits.resources_per_api = i64::from(n)),
    ("rest-apis", |limits, n| limits.rest_apis = i64::from(n)),
    ("stages-per-api", |limits, n| limits.stages_per_api = n as usize),
    ("usage-plans", |limits, n| limits.usage_plans = i64::from(n)),
    ("validators-per-api", |limits, n| limits.validators_per_api = n as usize),
    ("vpc-links", |limits, n| limits.vpc_links = i64::from(n)),
];

impl std::str::FromStr for Quota {
    type Err = InvalidQuota;

    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        let found = text.split_once('=').and_then(|(name, value)| {
            let (name, _) = QUOTAS.iter().find(|(known, _)| *known == name.trim())?;
            Some(Self { name, value: value.trim().parse().ok()? })
        });
        found.ok_or_else(|| {
            let names: Vec<&str> = QUOTAS.iter().map(|(name, _)| *name).collect();
            InvalidQuota { text: text.to_owned(), names: names.join(", ") }
        })
    }
}

impl Limits {
    /// Sets one quota.
    pub fn set(&mut self, quota: &Quota) {
        if let Some((_, set)) = QUOTAS.iter().find(|(name, _)| *name == quota.name) {
            set(self, quota.value);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_and_set() {
        for (name, _) in QUOTAS {
            let mut limits = Limits::default();
            limits.set(&format!("{name}=7").parse().unwrap());
            assert_ne!(limits, Limits::default(), "{name}");
        }
        let mut limits = Limits::default();
        limits.set(&"resources-per-api=500".parse().unwrap());
        assert_eq!(limits.resources_per_api, 500);
        for bad in ["", "resources-per-api", "resources-per-api=", "x=1", "rest-apis=-1"] {
            let error = bad.parse::<Quota>().unwrap_err().to_string();
            assert!(error.contains("resources-per-api, rest-apis"), "{error}");
        }
    }
}
