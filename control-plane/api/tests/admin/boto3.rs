//! boto3, unmodified, tells the whole story against a live server.

use std::future::IntoFuture as _;
use std::process::{Command, Stdio};

use crate::harness::Admin;

fn python() -> Option<&'static str> {
    let works = |program: &&str| {
        let mut command = Command::new(program);
        command.args(["-c", "import boto3"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ["python3", "python"].into_iter().find(works)
}

/// A folder with what `tests/ecosystem/certificate.py` writes.
fn certificates() -> &'static str {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/boto3-story");
    let names = vec!["*.stories.test".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(format!("{folder}/certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(format!("{folder}/key.pem"), made.signing_key.serialize_pem()).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_story() {
    let Some(python) = python() else {
        gw_testkit::skip::note("boto3_story", "no python with boto3 on this machine");
        return;
    };
    let admin = Admin::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, admin.router.clone()).into_future());
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/ecosystem/boto3_story.py");
    let mut command = Command::new(python);
    command
        .arg(story)
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_ACCESS_KEY_ID", &admin.credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &*admin.credentials.secret_access_key)
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("STORY_CERTIFICATES", certificates())
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .env_remove("GATEWRIGHT_TRAFFIC_URL");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    server.abort();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Every operation of AWS's service model, as botocore has it, has a route.
#[test]
fn service_model_is_covered() {
    const LIST: &str = "
import botocore.session
model = botocore.session.get_session().get_service_model('apigateway')
for name in model.operation_names:
    http = model.operation_model(name).http
    print(name, http['method'], http['requestUri'].split('?')[0])
";
    let Some(python) = python() else {
        gw_testkit::skip::note("service_model_is_covered", "no python with boto3 on this machine");
        return;
    };
    let output = Command::new(python).args(["-c", LIST]).output().unwrap();
    let shape = |path: &str| -> Vec<String> {
        let parts = path.split('/');
        parts.map(|part| if part.starts_with('{') { "*" } else { part }.to_owned()).collect()
    };
    let ours: Vec<(&str, Vec<String>)> = gw_api::OPERATIONS
        .iter()
        .map(|operation| (operation.method, shape(operation.path)))
        .collect();
    let text = String::from_utf8(output.stdout).unwrap();
    let missing: Vec<&str> = text
        .lines()
        .filter(|line| {
            let mut words = line.split(' ').skip(1);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            !ours.contains(&(method, shape(path)))
        })
        .collect();
    assert!(text.lines().count() > 100);
    assert!(missing.is_empty(), "{missing:#?}");
}
