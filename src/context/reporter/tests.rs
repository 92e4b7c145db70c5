use super::warnings::MAX_COLLECTED;
use super::*;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_message_controls_the_terminal_or_ci() {
    let written = Written::default();
    let reporter = Reporter::to(Box::new(written.clone()));
    let (collected, warnings) = Reporter::collected();
    let hostile = "a ##vso[task.x]b\n::error::c\u{9b}31m\u{202e}\r\n##[error]d";
    for reporter in [&reporter, &collected] {
        reporter.warn(hostile);
    }
    reporter.line(hostile);
    reporter.error(hostile);
    reporter.json(&serde_json::json!({ "path": hostile }));
    let shown = "a # #vso[task.x]b\n: :error::c\n# #[error]d";
    assert_eq!(warnings.take(), [shown]);
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        written,
        format!(
            "gc-token: warning: {shown}\ngc-token: {shown}\ngc-token: {shown}\n{}\n",
            r##"{"path":"a #\u0023vso[task.x]b\n::error::c\u009b31m\u202e\r\n#\u0023[error]d"}"##
        )
    );
}

#[test]
fn a_logged_warning_is_collected_and_any_message_is_logged() {
    let written = Written::default();
    let log = Arc::new(Reporter::to(Box::new(written.clone())));
    let (reporter, warnings) = Reporter::collected_and_logged(log);
    reporter.line("a line");
    for number in 0..30 {
        reporter.warn(format_args!("warning {number}"));
    }
    assert_eq!(warnings.take().len(), MAX_COLLECTED);
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(written.starts_with("gc-token: a line\ngc-token: warning: warning 0\n"));
    assert_eq!(written.lines().count(), 31);
}

#[test]
fn a_deduplicated_reporter_repeats_no_warning() {
    let (all, warnings) = Reporter::collected();
    let all = Arc::new(all);
    all.warn("before");
    let reporter = Reporter::deduplicated(all.clone());
    for message in ["one", "before", "two", "one"] {
        reporter.warn(message);
    }
    assert_eq!(warnings.take(), ["before", "one", "two"]);
    all.warn("one");
    assert_eq!(warnings.take(), ["one"]);
    reporter.line("said each time");
    reporter.line("said each time");
    assert_eq!(warnings.take().len(), 2);
}
