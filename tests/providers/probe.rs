//! A provider that keeps a journal of what Terraform has it do, in the file that
//! `PROBE_JOURNAL` names: a line for each call, the process's id and a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use gc_token::context::Context;
use gc_token::terraform::plugin::{
    Attribute, Block, Diagnostic, Notes, Object, Opened, Provider, Renewed, Schema, Type, Value,
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
    fn schema(&self) -> Schema {
        let token = Attribute::optional("token", Type::String, "Anything.").sensitive();
        let seen = Attribute::computed("token", Type::String, "`none`, `unknown` or `known`.");
        let secret = Block::new("A secret of this process.")
            .with(Attribute::optional("value", Type::String, "Part of it; `refuse` fails."))
            .with(Attribute::optional("renew_after", Type::Number, "In seconds."))
            .with(Attribute::computed("secret", Type::String, "It.").sensitive());
        Schema {
            provider: Block::new("Keeps a journal.").with(token),
            data_sources: BTreeMap::from([("probe_seen", Block::default().with(seen))]),
            ephemeral_resources: BTreeMap::from([("probe_secret", secret)]),
        }
    }

    fn configure(&self, config: &Object, notes: &mut Notes) -> Result<(), Diagnostic> {
        *self.token.lock().unwrap() = match config.get("token") {
            Value::Null => "none",
            Value::Unknown => "unknown",
            _ => "known",
        };
        if config.string("token") == Some("odd") {
            notes.push(Diagnostic::warning("An odd token", "It is odd.").with_attribute("token"));
        }
        Ok(())
    }

    fn read_data_source(
        &self,
        _name: &str,
        _config: &Object,
        _notes: &mut Notes,
    ) -> Result<Object, Diagnostic> {
        Ok(Object::default().with("token", *self.token.lock().unwrap()))
    }

    fn open_ephemeral(
        &self,
        _name: &str,
        config: &Object,
        _notes: &mut Notes,
    ) -> Result<Opened, Diagnostic> {
        // A provider may well start a runtime of its own.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { self.note("open") });
        let value = config.string("value").unwrap_or_default();
        if value == "refuse" {
            return Err(Diagnostic::error("Refused", "As it was told to.").with_attribute("value"));
        }
        let secret = format!("hush-{value}-{}", std::process::id());
        let renew_after = match config.get("renew_after") {
            Value::Number(seconds) => Some(Duration::from_secs_f64(*seconds)),
            _ => None,
        };
        Ok(Opened {
            result: Object::default().with("secret", secret),
            private: b"private".to_vec(),
            renew_after,
        })
    }

    fn renew_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        _notes: &mut Notes,
    ) -> Result<Renewed, Diagnostic> {
        assert_eq!(private, b"private");
        self.note("renew");
        Ok(Renewed { private: private.to_vec(), renew_after: Some(Duration::ZERO) })
    }

    fn close_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        _notes: &mut Notes,
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
