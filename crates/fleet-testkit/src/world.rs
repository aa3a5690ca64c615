//! Small APIs, and a declared world to send to a node.

use std::collections::BTreeMap;

use gw_model::{
    Api, Digest, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method,
    MethodResponse, Release, ReleaseNumber, Resource, RestApi, RootDigest, StageSettings,
};
use gw_proto::{self as pb, control_message::Body};

use crate::plane::Fleet;

/// A stage's resource name.
pub fn stage(api: &str) -> String {
    format!("stage/000000000000/us-east-1/{api}/prod")
}

/// An API with one MOCK route. `description` makes its content differ.
pub fn api(id: &str, description: &str) -> Vec<u8> {
    let mut mock = Integration::of_kind(IntegrationType::Mock);
    mock.request_templates =
        [("application/json".into(), Some(r#"{"statusCode":200}"#.into()))].into();
    mock.responses = [("200".into(), IntegrationResponse::default())].into();
    let get = Method {
        integration: Some(mock),
        responses: [("200".into(), MethodResponse::default())].into(),
        ..Method::default()
    };
    let root = Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/".into(),
        methods: [(HttpMethod::Get, get)].into(),
    };
    let mut api = RestApi::new(id.into(), id);
    api.description = Some(description.into());
    api.resources.insert("root123456".into(), root);
    gw_model::encode::encode(&Api::Rest(api)).bytes
}

/// A release without canary.
pub fn release(number: u64, deployment: Digest) -> Vec<u8> {
    serde_json::to_vec(&Release {
        number: ReleaseNumber(number),
        deployment_id: "dep123".into(),
        deployment,
        variables: BTreeMap::new(),
        canary: None,
        settings: StageSettings::default(),
    })
    .unwrap()
}

/// What the control plane declares.
#[derive(Default)]
pub struct Declared {
    pub number: u64,
    pub resources: BTreeMap<String, (u64, Vec<u8>)>,
}

impl Declared {
    pub fn root(&self) -> Vec<u8> {
        let mut root = RootDigest::default();
        for (name, (version, content)) in &self.resources {
            root.add(name, *version, content);
        }
        root.to_bytes().to_vec()
    }

    /// Sets a resource; answers the delta that says so.
    pub fn set(&mut self, name: &str, content: Vec<u8>) -> Body {
        let from = self.revision();
        self.number += 1;
        self.resources.insert(name.to_owned(), (self.number, content.clone()));
        Body::Delta(pb::Delta {
            from: Some(from),
            to: Some(self.revision()),
            upserts: vec![resource(name, self.number, &content)],
            removals: vec![],
            root_digest: self.root().into(),
            more: false,
        })
    }

    /// Puts an API's content at the fleet's disposal and declares its stage.
    pub fn deploy(&mut self, fleet: &Fleet, api_id: &str, number: u64, content: &[u8]) -> Body {
        let digest = fleet.put(content);
        self.set(&stage(api_id), release(number, digest))
    }

    pub fn revision(&self) -> pb::Revision {
        pb::Revision { epoch: 1, number: self.number }
    }

    /// The whole world.
    pub fn whole(&self) -> Body {
        let upserts = self.resources.iter();
        Body::Delta(pb::Delta {
            from: None,
            to: Some(self.revision()),
            upserts: upserts
                .map(|(name, (version, content))| resource(name, *version, content))
                .collect(),
            removals: vec![],
            root_digest: self.root().into(),
            more: false,
        })
    }
}

fn resource(name: &str, version: u64, content: &[u8]) -> pb::Resource {
    pb::Resource { name: name.to_owned(), version, content: content.to_vec().into() }
}

/// A release to prepare.
pub fn prepare(api_id: &str, number: u64, digest: Digest) -> Body {
    let content = release(number, digest).into();
    Body::Prepare(pb::Prepare { stage: stage(api_id), release: number, content })
}
