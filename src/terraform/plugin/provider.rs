//! The interface of a provider.

use std::time::Duration;

use super::diagnostic::Diagnostic;
use super::schema::ProviderSchema;
use super::value::TerraformObject;

/// A Terraform provider.
///
/// Methods may block, and several may run at the same time on different threads. Their
/// arguments conform to the schema, and `name` is a type of the schema. A method fails by
/// returning a [`Diagnostic`]; warnings and further errors go to `diagnostics`.
#[expect(unused_variables, reason = "the defaults do nothing")]
pub trait Provider: Send + Sync + 'static {
    /// Called once.
    fn schema(&self) -> ProviderSchema;

    /// Checks the `provider` block. Values may be unknown.
    fn validate(
        &self,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Values may be unknown while Terraform plans.
    fn configure(
        &self,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Values may be unknown.
    fn validate_data_source(
        &self,
        name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Returns the computed attributes. All arguments are known, and the required ones set.
    fn read_data_source(
        &self,
        name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<TerraformObject, Diagnostic> {
        Ok(TerraformObject::default())
    }

    /// Values may be unknown.
    fn validate_ephemeral(
        &self,
        name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// All arguments are known, and the required ones set.
    fn open_ephemeral(
        &self,
        name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<OpenedResource, Diagnostic> {
        Ok(OpenedResource::default())
    }

    /// Keeps an open ephemeral resource alive. The result cannot change, and Terraform does
    /// not show failures.
    fn renew_ephemeral(
        &self,
        name: &str,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<RenewedResource, Diagnostic> {
        Ok(RenewedResource { private: private.to_vec(), renew_after: None })
    }

    /// **Not called if a resource failed or Terraform was interrupted**: [`Provider::end`]
    /// has to do the same work then.
    fn close_ephemeral(
        &self,
        name: &str,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Terraform was interrupted and asks for a quick end of the calls in progress. May be
    /// called late or not at all.
    fn stop(&self) {}

    /// Called once before the process exits, for any reason but SIGKILL, with a time limit
    /// of ten seconds. Other calls that Terraform has abandoned may still be running.
    fn end(&self) {}
}

pub type Diagnostics = Vec<Diagnostic>;

#[derive(Default)]
pub struct OpenedResource {
    pub result: TerraformObject,
    /// Passed to Renew and Close. Terraform keeps it in memory.
    pub private: Vec<u8>,
    /// Terraform calls Renew after exactly this time; at least a second.
    pub renew_after: Option<Duration>,
}

#[derive(Default)]
pub struct RenewedResource {
    /// Replaces [`OpenedResource::private`].
    pub private: Vec<u8>,
    /// See [`OpenedResource::renew_after`].
    pub renew_after: Option<Duration>,
}
