//! A provider that keeps a journal of what Terraform has it do, in the file that
//! `PROBE_JOURNAL` names: a line for each call, the process's id and a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use gc_token::internals::context::Context;
use gc_token::internals::terraform::plugin::{
    AttributeSchema, BlockSchema, Diagnostic, Diagnostics, OpenedResource, Provider,
    ProviderSchema, RenewedResource, TerraformObject, TerraformValue, Type,
};

/// The provider.
pub(crate) struct Probe {
    journal: Option<PathBuf>,
    slow_end: bool,
    token: Mutex<&'static str>,
}

impl Probe {
    /// A provider that nobody has configured.
    pub(crate) fn new(context: &Context) -> Probe {
        Probe {
            journal: context.env.os("PROBE_JOURNAL").map(PathBuf::from),
            slow_end: context.env.text("PROBE_SLOW_END").is_some(),
            token: Mutex::new("none"),
        }
    }

    fn note(&self, word: &str) {
        if let Some(journal) = &self.journal {
            let mut file = File::options().append(true).create(true).open(journal).unwrap();
            let line = format!("{} {word}\n", std::process::id());
            file.write_all(line.as_bytes()).unwrap();
        }
    }
}

impl Provider for Probe {
    fn schema(&self) -> ProviderSchema {
        let token = AttributeSchema::optional("token", Type::String, "Anything.").sensitive();
        let seen =
            AttributeSchema::computed("token", Type::String, "`none`, `unknown` or `known`.");
        let secret = BlockSchema::new("A secret of this process.")
            .with(AttributeSchema::optional("value", Type::String, "Part of it; `refuse` fails."))
            .with(AttributeSchema::optional("renew_after", Type::Number, "In seconds."))
            .with(AttributeSchema::computed("secret", Type::String, "It.").sensitive());
        ProviderSchema {
            provider: BlockSchema::new("Keeps a journal.").with(token),
            data_sources: BTreeMap::from([("probe_seen", BlockSchema::default().with(seen))]),
            ephemeral_resources: BTreeMap::from([("probe_secret", secret)]),
        }
    }

    fn configure(
        &self,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        *self.token.lock().unwrap() = match config.get("token") {
            TerraformValue::Null => "none",
            TerraformValue::Unknown => "unknown",
            _ => "known",
        };
        if config.as_str("token") == Some("odd") {
            diagnostics
                .push(Diagnostic::warning("An odd token", "It is odd.").with_attribute("token"));
        }
        Ok(())
    }

    fn read_data_source(
        &self,
        _name: &str,
        _config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<TerraformObject, Diagnostic> {
        Ok(TerraformObject::default().with("token", *self.token.lock().unwrap()))
    }

    fn open_ephemeral(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<OpenedResource, Diagnostic> {
        // A provider may well start a runtime of its own.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { self.note("open") });
        let value = config.as_str("value").unwrap_or_default();
        if value == "refuse" {
            return Err(Diagnostic::error("Refused", "As it was told to.").with_attribute("value"));
        }
        let secret = format!("hush-{value}-{}", std::process::id());
        let renew_after = match config.get("renew_after") {
            TerraformValue::Number(seconds) => Some(Duration::from_secs_f64(*seconds)),
            _ => None,
        };
        Ok(OpenedResource {
            result: TerraformObject::default().with("secret", secret),
            private: b"private".to_vec(),
            renew_after,
        })
    }

    fn renew_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        _diagnostics: &mut Diagnostics,
    ) -> Result<RenewedResource, Diagnostic> {
        assert_eq!(private, b"private");
        self.note("renew");
        Ok(RenewedResource { private: private.to_vec(), renew_after: Some(Duration::ZERO) })
    }

    fn close_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        assert_eq!(private, b"private");
        self.note("close");
        Ok(())
    }

    fn stop(&self) {
        self.note("stop");
    }

    fn end(&self) {
        if self.slow_end {
            // Longer than Terraform waits before it kills.
            std::thread::sleep(Duration::from_secs(3));
        }
        self.note("end");
    }
}
