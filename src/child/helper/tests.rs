use super::*;
use crate::context::SystemClock;

fn run(script: &str, timeout: Duration, max_output_bytes: usize) -> Result<Vec<u8>, String> {
    let program = Program::find(&["sh", "-c", script].map(Into::into), None).ok().unwrap();
    let helper = Helper { program: &program, prompt: Prompt::Forbidden, timeout, max_output_bytes };
    let output = helper.run(&SystemClock::default());
    output.map(|output| output.to_vec()).map_err(|error| error.to_string())
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn output_up_to_the_end_of_a_helper_counts() {
    assert_eq!(run("printf one; printf two", LONG, 6), Ok(b"onetwo".into()));
    assert_eq!(run("printf one; exec >&-; true", LONG, 6), Ok(b"one".into()));
    assert_eq!(run("true", LONG, 6), Ok(Vec::new()));
    assert_eq!(run("printf seventy", LONG, 6), Err("it printed more than 6 bytes".into()));
    assert_eq!(run("exit 7", LONG, 6), Err("exit status: 7".into()));
}

#[test]
fn a_timeout_ends_a_helper_and_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!("trap '' TERM; sleep 1000 & echo $! > {}; wait", file.display());
    let timeout = Duration::from_millis(500);
    assert_eq!(run(&script, timeout, 6), Err("it took longer than 500ms".into()));
    let pid = std::fs::read_to_string(file).unwrap();
    let is_alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    // The kernel may take a while to end a process that was sent SIGKILL.
    let clock = SystemClock::default();
    let start = clock.read().boot;
    while is_alive() {
        assert!(clock.read().boot - start < jiff::SignedDuration::from_secs(30), "it lives");
        clock.sleep(POLL_INTERVAL);
    }
}
