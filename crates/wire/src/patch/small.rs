//! `UpdateResource`, `UpdateModel` and `UpdateDeployment`.

use gw_model::{Model, ResourceId};

use super::{
    PatchOperation,
    check::check_schema,
    check_text,
    table::{R, Table, Unknown, plain},
};
use crate::Fault;

/// What a patch of a resource asks for; only the tree can tell whether it may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourcePatch {
    /// The new parent.
    pub parent_id: Option<ResourceId>,
    /// The new last segment.
    pub path_part: Option<String>,
}

#[derive(Clone, Copy)]
enum ResourceKey {
    Parent,
    PathPart,
}

const RESOURCE: Table<ResourceKey> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(ResourceKey::Parent, "/parentId", R),
        plain(ResourceKey::PathPart, "/pathPart", R),
    ],
};

/// Reads a patch of a resource; the last of several wins.
///
/// # Errors
/// AWS's text for the first operation that there is not.
pub fn resource_patch(operations: &[PatchOperation]) -> Result<ResourcePatch, Fault> {
    let mut patch = ResourcePatch::default();
    for operation in operations {
        match RESOURCE.find(operation)?.0 {
            ResourceKey::Parent => patch.parent_id = Some(operation.value().into()),
            ResourceKey::PathPart => patch.path_part = Some(operation.value().to_owned()),
        }
    }
    Ok(patch)
}

#[derive(Clone, Copy)]
enum ModelKey {
    Description,
    Schema,
}

const MODEL: Table<ModelKey> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(ModelKey::Description, "/description", R),
        plain(ModelKey::Schema, "/schema", R),
    ],
};

/// Applies a patch to a model.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_model(model: &mut Model, operations: &[PatchOperation]) -> Result<(), Fault> {
    for operation in operations {
        match MODEL.find(operation)?.0 {
            ModelKey::Description => {
                check_text("description", operation.value())?;
                model.description = operation.filled();
            }
            ModelKey::Schema => {
                check_schema(operation.value())?;
                model.schema.clone_from(&operation.value);
            }
        }
    }
    Ok(())
}

const DEPLOYMENT: Table<()> =
    Table { unknown: Unknown::Listed, rules: &[plain((), "/description", R)] };

/// Applies a patch to something of which only the description can change: a
/// deployment.
///
/// # Errors
/// AWS's text for the first operation that there is not.
pub fn patch_description(
    description: &mut Option<String>,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        DEPLOYMENT.find(operation)?;
        check_text("description", operation.value())?;
        *description = operation.filled();
    }
    Ok(())
}
