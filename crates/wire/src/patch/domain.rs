//! `UpdateDomainName` and `UpdateBasePathMapping`.

use gw_model::{BasePathMapping, DomainName, EndpointType, MutualTls};

use super::{
    Op, PatchOperation,
    table::{AD, ARD, R, Table, Unknown, map, plain},
    with_slash,
};
use crate::{
    Fault,
    aws::{
        ACCESS_MODES, ROUTING_MODES, SECURITY_POLICIES, base_path, check_domain, check_strict,
        enumerated, stage,
    },
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    AccessMode,
    AddressType,
    CertificateArn,
    CertificateName,
    ManagementPolicy,
    OwnershipArn,
    Policy,
    RegionalArn,
    RegionalName,
    RoutingMode,
    SecurityPolicy,
    TruststoreUri,
    TruststoreVersion,
    Type,
    TypeAt,
}

const TABLE: Table<Key> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(Key::CertificateArn, "/certificateArn", ARD),
        plain(Key::CertificateName, "/certificateName", ARD),
        plain(Key::AccessMode, "/endpointAccessMode", R),
        plain(Key::AddressType, "/endpointConfiguration/ipAddressType", R),
        plain(Key::Type, "/endpointConfiguration/types", AD),
        map(Key::TypeAt, "/endpointConfiguration/types", R),
        plain(Key::ManagementPolicy, "/managementPolicy", R),
        plain(Key::TruststoreUri, "/mutualTlsAuthentication/truststoreUri", ARD),
        plain(Key::TruststoreVersion, "/mutualTlsAuthentication/truststoreVersion", ARD),
        plain(Key::OwnershipArn, "/ownershipVerificationCertificateArn", ARD),
        plain(Key::Policy, "/policy", R),
        plain(Key::RegionalArn, "/regionalCertificateArn", ARD),
        plain(Key::RegionalName, "/regionalCertificateName", ARD),
        plain(Key::RoutingMode, "/routingMode", R),
        plain(Key::SecurityPolicy, "/securityPolicy", R),
    ],
};

/// Applies a patch to a custom domain.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for what the
/// operations together would make of the domain.
pub fn patch_domain(domain: &mut DomainName, operations: &[PatchOperation]) -> Result<(), Fault> {
    let before = domain.clone();
    let (mut certificates, mut types) = (Vec::new(), Vec::new());
    for operation in operations {
        let operation = with_slash(operation);
        let (key, name) = TABLE.find(&operation)?;
        match key {
            Key::CertificateArn | Key::CertificateName | Key::RegionalArn | Key::RegionalName => {
                certificates.push(operation.op)
            }
            Key::Type => types.push(operation.op),
            _ => {}
        }
        apply(domain, key, &operation, &name)?;
    }
    for (what, ops) in [("certificates", certificates), ("endpoint types", types)] {
        if ops.contains(&Op::Add) && ops.contains(&Op::Remove) {
            return Err(Fault::bad_request(format!(
                "Add and remove operations on {what} cannot be in the same request."
            )));
        }
    }
    if before.is_private() != domain.is_private() {
        return Err(Fault::bad_request(
            "A custom domain name cannot be migrated between public and private.",
        ));
    }
    settle(&before, domain)?;
    let types_change = before.endpoint_types != domain.endpoint_types;
    check_strict(domain.endpoint_access_mode.as_deref(), types_change)?;
    check_domain(domain)
}

fn apply(
    domain: &mut DomainName,
    key: Key,
    operation: &PatchOperation,
    name: &str,
) -> Result<(), Fault> {
    let given = operation.filled().filter(|_| operation.op != Op::Remove);
    match key {
        Key::CertificateArn => domain.certificate_arn = given,
        Key::CertificateName => domain.certificate_name = given,
        Key::RegionalArn => domain.regional_certificate_arn = given,
        Key::RegionalName => domain.regional_certificate_name = given,
        Key::OwnershipArn => domain.ownership_verification_certificate_arn = given,
        Key::Policy => domain.policy = given,
        Key::ManagementPolicy => domain.management_policy = given,
        Key::AddressType => {
            let value = operation.one_of(&["ipv4", "dualstack"])?;
            domain.ip_address_type = Some(value.to_owned());
        }
        Key::AccessMode => {
            domain.endpoint_access_mode = match given {
                None => None,
                Some(_) => Some(operation.one_of(ACCESS_MODES)?.to_owned()),
            };
        }
        Key::SecurityPolicy => {
            operation.one_of(SECURITY_POLICIES)?.clone_into(&mut domain.security_policy);
        }
        Key::RoutingMode => {
            let value = operation.one_of(ROUTING_MODES)?;
            domain.routing_mode = enumerated(Some(value)).unwrap_or_default();
        }
        Key::TruststoreUri => truststore_uri(domain, given),
        Key::TruststoreVersion => match &mut domain.mutual_tls {
            Some(mutual) => mutual.truststore_version = given,
            None if given.is_none() => {}
            None => {
                return Err(Fault::bad_request(
                    "A truststore version cannot be specified without a truststore URI.",
                ));
            }
        },
        Key::Type => endpoint_type(domain, operation)?,
        Key::TypeAt => endpoint_type_at(domain, operation, name)?,
    }
    Ok(())
}

/// An empty URI switches mutual TLS off.
fn truststore_uri(domain: &mut DomainName, given: Option<String>) {
    domain.mutual_tls = given.map(|truststore_uri| MutualTls {
        truststore_uri,
        truststore_version: domain.mutual_tls.take().and_then(|former| former.truststore_version),
    });
}

fn type_of(operation: &PatchOperation) -> Result<EndpointType, Fault> {
    let value = operation.one_of(&["PRIVATE", "EDGE", "REGIONAL"])?;
    Ok(enumerated(Some(value)).unwrap_or_default())
}

fn endpoint_type(domain: &mut DomainName, operation: &PatchOperation) -> Result<(), Fault> {
    let wanted = type_of(operation)?;
    let place = domain.endpoint_types.iter().position(|known| *known == wanted);
    match (operation.op, place) {
        (Op::Add, None) => domain.endpoint_types.push(wanted),
        (Op::Add, Some(_)) => {}
        (_, Some(place)) => _ = domain.endpoint_types.remove(place),
        (_, None) => return Err(Fault::not_found("Invalid parameter name specified")),
    }
    domain.endpoint_types.sort_by_key(|kind| *kind != EndpointType::Edge);
    Ok(())
}

/// The path names the type to replace, or its place in the list.
fn endpoint_type_at(
    domain: &mut DomainName,
    operation: &PatchOperation,
    name: &str,
) -> Result<(), Fault> {
    let named: Option<EndpointType> = enumerated(Some(name));
    let place = match name.parse::<usize>() {
        Ok(place) => Some(place).filter(|place| *place < domain.endpoint_types.len()),
        Err(_) => domain.endpoint_types.iter().position(|known| Some(*known) == named),
    };
    let Some(place) = place else {
        return Err(Fault::bad_request(format!("Invalid endpoint type specified: {name}")));
    };
    domain.endpoint_types[place] = type_of(operation)?;
    domain.endpoint_types.sort_by_key(|kind| *kind != EndpointType::Edge);
    domain.endpoint_types.dedup();
    Ok(())
}

/// Takes out what belongs to a type that was removed, and refuses what belongs
/// to one that the domain never had.
fn settle(before: &DomainName, domain: &mut DomainName) -> Result<(), Fault> {
    let has_edge = |domain: &DomainName| domain.has(EndpointType::Edge) || domain.is_private();
    let has_regional = |domain: &DomainName| domain.has(EndpointType::Regional);
    let stray = |name: &str| {
        let message = format!("{name} cannot be specified without its endpoint type.");
        Err(Fault::bad_request(message))
    };
    if !has_edge(domain) {
        if !has_edge(before) && domain.certificate_arn.is_some() {
            return stray("certificateArn");
        }
        (domain.certificate_arn, domain.certificate_name) = (None, None);
        domain.distribution_label = None;
    }
    if !has_regional(domain) {
        if !has_regional(before) && domain.regional_certificate_arn.is_some() {
            return stray("regionalCertificateArn");
        }
        (domain.regional_certificate_arn, domain.regional_certificate_name) = (None, None);
        domain.regional_label = None;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum MappingKey {
    Api,
    BasePath,
    Stage,
}

/// AWS's texts spell two of the paths in two ways each.
const MAPPING: Table<MappingKey> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(MappingKey::BasePath, "/basePath", R),
        plain(MappingKey::BasePath, "/basepath", R),
        plain(MappingKey::Api, "/restapiId", R),
        plain(MappingKey::Api, "/restApiId", R),
        plain(MappingKey::Stage, "/stage", R),
    ],
};

/// Applies a patch to a base path mapping.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_base_path_mapping(
    mapping: &mut BasePathMapping,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        match MAPPING.find(operation)?.0 {
            MappingKey::Api => mapping.api = operation.value().into(),
            MappingKey::BasePath => mapping.base_path = base_path(operation.value())?,
            MappingKey::Stage => mapping.stage = stage(operation.value())?,
        }
    }
    Ok(())
}
