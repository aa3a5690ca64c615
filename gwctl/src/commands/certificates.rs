//! The certificates that custom domains name.

use std::path::Path as File;

use gw_wire::gatewright::{Certificate, Certificates, ImportCertificate};
use http::Method;

use crate::cli::{CertificatesCommand, ImportCertificateArgs};
use crate::client::{Body, Client, Path};
use crate::error::{Error, Result};
use crate::input;
use crate::output::{Output, render, table};

/// Imports, lists, shows or deletes certificates.
pub(crate) async fn certificates(
    client: &Client,
    command: &CertificatesCommand,
    out: Output,
) -> Result<()> {
    match command {
        CertificatesCommand::Import(args) => import(client, args, out).await,
        CertificatesCommand::List => list(client, out).await,
        CertificatesCommand::Show { arn } => {
            let found: Certificate = client.get(Path::own(&["certificates", arn])).await?;
            out.data(&found, |found| found.certificate.clone().unwrap_or_default())
        }
        CertificatesCommand::Delete { arn } => {
            client.call(Method::DELETE, Path::own(&["certificates", arn]), Body::None).await?;
            out.note(&format!("deleted {arn}"));
            Ok(())
        }
    }
}

async fn import(client: &Client, args: &ImportCertificateArgs, out: Output) -> Result<()> {
    let request = ImportCertificate {
        certificate: read(&args.certificate)?,
        private_key: read(&args.key)?,
        certificate_chain: args.chain.as_deref().map(read).transpose()?,
        certificate_arn: args.arn.clone(),
    };
    let made: Certificate =
        client.post(Path::own(&["certificates"]), Body::json(&request)?).await?;
    out.note(&format!("for {}, ends {}", made.names.join(", "), made.not_after));
    if !made.in_use_by.is_empty() {
        out.note(&format!("shown by {} from now on", made.in_use_by.join(", ")));
    }
    out.data(&made, |made| made.certificate_arn.clone())
}

async fn list(client: &Client, out: Output) -> Result<()> {
    let mut all = Vec::new();
    let mut position: Option<String> = None;
    loop {
        let path = Path::own(&["certificates"])
            .with("limit", "500")
            .with_some("position", position.as_deref());
        let page: Certificates = client.get(path).await?;
        all.extend(page.certificates);
        match page.position {
            Some(next) if position.as_ref() != Some(&next) => position = Some(next),
            _ => break,
        }
    }
    out.data(&all, |all| {
        let mut rows = table(&["arn", "names", "ends", "used by"]);
        for one in all {
            let users = one.in_use_by.join(", ");
            rows.add_row([
                one.certificate_arn.as_str(),
                &one.names.join(", "),
                &one.not_after,
                super::dash(Some(&users)),
            ]);
        }
        render(&rows)
    })
}

fn read(file: &File) -> Result<String> {
    let text = input::text(file)?;
    if text.contains("-----BEGIN ") {
        Ok(text)
    } else {
        Err(Error::usage(format!("{} is not in PEM format", file.display()))
            .hint("a PEM file has lines such as -----BEGIN CERTIFICATE-----"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::client::script::{Answer, ok, play};
    use crate::output::Format;

    const OUT: Output = Output { format: Format::Json, quiet: true };
    const MADE: &str = r#"{"certificateArn":"arn:x","names":["a.b"],"notBefore":"","notAfter":"",
        "createdAt":"","inUseBy":["a.b"]}"#;

    #[tokio::test]
    async fn an_import_sends_what_the_files_hold() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let args = ImportCertificateArgs {
            certificate: file("c.pem", "-----BEGIN CERTIFICATE-----\n"),
            key: file("k.pem", "-----BEGIN PRIVATE KEY-----\n"),
            chain: None,
            arn: Some("arn:x".to_owned()),
        };
        let made = Answer {
            expects: "POST /gatewright/v1/certificates",
            head: "201 Created\r\n",
            body: MADE.to_owned(),
        };
        let (client, sent) = play(vec![made]).await;
        let command = CertificatesCommand::Import(args);
        certificates(&client, &command, OUT).await.unwrap();
        let sent: ImportCertificate = serde_json::from_str(&sent.await.unwrap()[0]).unwrap();
        assert!(sent.private_key.contains("PRIVATE KEY"));
        assert_eq!(sent.certificate_arn.as_deref(), Some("arn:x"));
    }

    #[tokio::test]
    async fn lists_are_read_to_their_end() {
        let script = vec![
            ok(
                "GET /gatewright/v1/certificates?limit=500",
                format!(r#"{{"certificates":[{MADE}],"position":"p"}}"#),
            ),
            ok("GET /gatewright/v1/certificates?limit=500&position=p", r#"{"certificates":[]}"#),
        ];
        let (client, server) = play(script).await;
        certificates(&client, &CertificatesCommand::List, OUT).await.unwrap();
        server.await.unwrap();
    }

    #[test]
    fn only_pem_files_are_sent() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.pem");
        std::fs::write(&file, "0\x01").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("not in PEM format"));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(read(&file).is_ok());
        let none = read(&dir.path().join("none.pem")).unwrap_err();
        assert_eq!(none.kind.exit_code(), 2, "{none}");
    }
}
