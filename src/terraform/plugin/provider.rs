//! What a provider has to bring along.

use std::time::Duration;

use super::diagnostic::Diagnostic;
use super::schema::Schema;
use super::value::Object;

/// A Terraform provider: its schema, and the work behind it.
///
/// Everything but the schema has a default that does nothing. The methods may
/// block; several may run at once, on threads of their own. What they are given
/// fits the schema, and `name` is always a type that the schema has. A failure
/// is the returned [`Diagnostic`]; warnings, and further errors, go to `notes`.
#[expect(unused_variables, reason = "the defaults do nothing")]
pub trait Provider: Send + Sync + 'static {
    /// What the provider offers. Asked for once.
    fn schema(&self) -> Schema;

    /// Checks the `provider` block. Values may be unknown.
    fn validate(&self, config: &Object, notes: &mut Notes) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Takes the `provider` block. Values may be unknown while planning.
    fn configure(&self, config: &Object, notes: &mut Notes) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Checks a data source's arguments. Values may be unknown.
    fn validate_data_source(
        &self,
        name: &str,
        config: &Object,
        notes: &mut Notes,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Reads a data source. All arguments are known, the required ones set.
    /// Returns the computed attributes.
    fn read_data_source(
        &self,
        name: &str,
        config: &Object,
        notes: &mut Notes,
    ) -> Result<Object, Diagnostic> {
        Ok(Object::default())
    }

    /// Checks an ephemeral resource's arguments. Values may be unknown.
    fn validate_ephemeral(
        &self,
        name: &str,
        config: &Object,
        notes: &mut Notes,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Opens an ephemeral resource. All arguments are known, the required ones
    /// set.
    fn open_ephemeral(
        &self,
        name: &str,
        config: &Object,
        notes: &mut Notes,
    ) -> Result<Opened, Diagnostic> {
        Ok(Opened::default())
    }

    /// Keeps an open ephemeral resource alive. It cannot change the result, and
    /// Terraform shows no failure of it.
    fn renew_ephemeral(
        &self,
        name: &str,
        private: &[u8],
        notes: &mut Notes,
    ) -> Result<Renewed, Diagnostic> {
        Ok(Renewed { private: private.to_vec(), renew_after: None })
    }

    /// Closes an ephemeral resource. **Not called when a resource failed or
    /// Terraform was interrupted**: what must happen belongs into
    /// [`Provider::end`], too.
    fn close_ephemeral(
        &self,
        name: &str,
        private: &[u8],
        notes: &mut Notes,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }

    /// Terraform was interrupted and asks to cut the work in hand short. It may
    /// come late or never: then only [`Provider::end`] is called.
    fn stop(&self) {}

    /// The process is about to end, for whatever reason but SIGKILL. Called
    /// once; Terraform waits for it; cut off after ten seconds. Work that
    /// Terraform has given up may still be going on in other threads.
    fn end(&self) {}
}

/// Warnings, and errors beyond the one that is returned.
pub type Notes = Vec<Diagnostic>;

/// An ephemeral resource that has been opened.
#[derive(Default)]
pub struct Opened {
    /// The computed attributes.
    pub result: Object,
    /// All that Renew and Close will be told. Terraform keeps it in memory.
    pub private: Vec<u8>,
    /// After what time Terraform is to call Renew; it does so without a margin.
    /// Less than a second counts as one.
    pub renew_after: Option<Duration>,
}

/// An ephemeral resource that has been kept alive.
#[derive(Default)]
pub struct Renewed {
    /// Takes the place of the former one.
    pub private: Vec<u8>,
    /// After what time Terraform is to call Renew again; see [`Opened`].
    pub renew_after: Option<Duration>,
}
