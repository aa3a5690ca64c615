//! AWS integrations.

use super::Compiler;
use crate::Integration;

impl Compiler<'_> {
    /// Services of AWS, their requests and answers mapped.
    #[expect(clippy::unused_self, reason = "the address will be read with the compiler's state")]
    pub(super) fn aws(
        &mut self,
        declared: &gw_model::Integration,
        _place: &str,
    ) -> Result<Integration, Vec<String>> {
        Err(vec![format!("{} integrations are not in this build", declared.kind.as_str())])
    }
}
