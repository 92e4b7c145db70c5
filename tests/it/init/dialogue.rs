//! A person who answers.

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::{CONFIG, OKTA_ID, config, is_stored_privately, new_machine};
use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::guard;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;
use crate::exec::terminal::BASH;

const WRONG: &str = "n0t-the-s3cret";

fn shell(runner: &Runner) -> Terminal {
    Terminal::start(runner, BASH)
}

fn answer(terminal: &mut Terminal, question: &str, answer: &str) {
    terminal.see(question);
    terminal.type_in(&format!("{answer}\n"));
}

/// Returns the screen, without what differs from run to run.
fn screen(terminal: &Terminal, runner: &Runner, cloud: &Sandbox) -> String {
    let host = |url: String| url.split("://").last().unwrap().to_owned();
    let home = runner.home().display().to_string();
    let names =
        [(home, "HOME"), (host(cloud.login_url()), "LOGIN"), (host(cloud.api_url()), "API")];
    let text = terminal.transcript().replace("\r\n", "\n");
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    names.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

#[test]
fn a_new_user_gets_a_profile_that_works() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    let mut terminal = shell(&runner);
    terminal.type_in("clear; gc-token init; echo code=$?\n");
    answer(&mut terminal, "lists them): ", "Irland");
    terminal.see("did you mean eu-west-1");
    answer(&mut terminal, "lists them): ", "Ireland");
    answer(&mut terminal, "Client ID: ", &format!(" '{CLIENT}' "));
    terminal.see("UUIDs");
    answer(&mut terminal, "prints it): ", "changeme");
    terminal.see("placeholder");
    answer(&mut terminal, "prints it): ", &format!("\u{feff}\"{SECRET}\" "));
    answer(&mut terminal, "Write it? [Y/n]: ", "");
    terminal.see("code=0");

    let stored = runner.home().join(super::STORED);
    assert_eq!(
        config(&runner),
        format!(
            "[default]\nregion = \"eu-west-1\"\nclient_id = \"{CLIENT}\"\n\
             client_secret_file = \"{}\"\n",
            stored.display()
        )
    );
    is_stored_privately(&runner);
    guard::holds_no_secret(terminal.transcript().as_bytes(), "the terminal");
    guard::holds_no_token(terminal.transcript().as_bytes(), "the terminal");
    let screen = screen(&terminal, &runner, &cloud);
    let (_, shown) = screen.split_once("code=$?\n").expect("the command");
    let shown = shown.rsplit_once("code=0").expect("the end").0;
    insta::assert_snapshot!(&shown[shown.find("Region (").expect("the first question")..]);
    terminal.leave();
    runner.run(&["get"]).succeeded();
}

#[test]
fn a_refused_secret_is_asked_for_again_and_not_written() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    let mut terminal = shell(&runner);
    let command = format!("gc-token init --region Ireland --client-id {CLIENT}; echo code=$?\n");
    terminal.type_in(&command);
    answer(&mut terminal, "prints it): ", WRONG);
    terminal.see("refused the client's credentials");
    answer(&mut terminal, "Answer again? [Y/n]: ", "y");
    assert!(!runner.home().join(CONFIG).exists());
    answer(&mut terminal, "[eu-west-1]: ", "");
    answer(&mut terminal, &format!("Client ID [{CLIENT}]: "), "");
    answer(&mut terminal, "prints it): ", WRONG);
    answer(&mut terminal, "Answer again? [Y/n]: ", "n");
    terminal.see("nothing was written");
    terminal.see("code=4");
    assert!(!terminal.transcript().contains(WRONG));
    assert!(!runner.home().join(".config").exists());

    terminal.type_in(&command);
    answer(&mut terminal, "prints it): ", SECRET);
    answer(&mut terminal, "Write it? [Y/n]: ", "n");
    terminal.see("nothing was written");
    terminal.see("code=3");
    assert!(!runner.home().join(".config").exists());
    guard::holds_no_secret(terminal.transcript().as_bytes(), "the terminal");
    terminal.leave();
}

#[test]
fn a_command_takes_the_place_of_the_secret() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file("my secret", SECRET);
    let mut terminal = shell(&runner);
    terminal.type_in(&format!("gc-token init --region euw1 --client-id {CLIENT}; echo code=$?\n"));
    answer(&mut terminal, "prints it): ", "");
    answer(&mut terminal, "genesys: ", "cat 'my secret");
    terminal.see("not closed");
    answer(&mut terminal, "prints it): ", "");
    answer(&mut terminal, "genesys: ", "cat 'my secret'");
    answer(&mut terminal, "Write it? [Y/n]: ", "y");
    terminal.see("printed by the command \"cat\"");
    terminal.see("code=0");
    assert!(config(&runner).ends_with("client_secret_command = [\"cat\",\"my secret\"]\n"));
    assert!(!runner.home().join(super::STORED).exists());
    guard::holds_no_secret(terminal.transcript().as_bytes(), "the terminal");
    terminal.leave();
}

#[test]
fn a_client_id_that_looks_like_a_secret_has_to_be_confirmed() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    let mut terminal = shell(&runner);
    terminal.type_in("gc-token init --region Ireland; echo code=$?\n");
    answer(&mut terminal, "Client ID: ", OKTA_ID);
    answer(&mut terminal, "Is it the client ID? [y/N]: ", "");
    answer(&mut terminal, "Client ID: ", OKTA_ID);
    answer(&mut terminal, "Is it the client ID? [y/N]: ", "y");
    answer(&mut terminal, "prints it): ", SECRET);
    // Confirmed once, it is a default as any other is.
    answer(&mut terminal, "Answer again? [Y/n]: ", "");
    answer(&mut terminal, "[eu-west-1]: ", "");
    answer(&mut terminal, &format!("Client ID [{OKTA_ID}]: "), "");
    answer(&mut terminal, "prints it): ", SECRET);
    answer(&mut terminal, "Answer again? [Y/n]: ", "n");
    terminal.see("code=4");

    let url = format!("{}/oauth/token", cloud.login_url());
    terminal.type_in(&format!("gc-token init --token-url {url}; echo code=$?\n"));
    answer(&mut terminal, "Client ID: ", OKTA_ID);
    answer(&mut terminal, "prints it): ", SECRET);
    answer(&mut terminal, "Answer again? [Y/n]: ", "n");
    terminal.see("code=4");
    guard::holds_no_secret(terminal.transcript().as_bytes(), "the terminal");
    terminal.leave();
}

#[test]
fn ctrl_c_at_any_question_leaves_no_file_and_a_terminal_that_echoes() {
    let cloud = cloud(SandboxConfig::default());
    let dialogue = [
        ("lists them): ", "Ireland"),
        ("Client ID: ", CLIENT),
        ("prints it): ", ""),
        ("genesys: ", "cat secret"),
        ("Write it? [Y/n]: ", "y"),
    ];
    for interrupted in 0..dialogue.len() {
        let runner = new_machine(&cloud).with_file("secret", SECRET);
        let mut terminal = shell(&runner);
        terminal.see("$ ");
        terminal.type_in("gc-token init\n");
        for (question, text) in &dialogue[..interrupted] {
            answer(&mut terminal, question, text);
        }
        terminal.see(dialogue[interrupted].0);
        terminal.type_in("\x03");
        terminal.see("$ ");
        terminal.type_in("echo code=$? $(stty -a | grep -wo -e '-\\?echo') en''d\n");
        terminal.see("code=130 echo end");
        assert!(!runner.home().join(".config").exists(), "{}", dialogue[interrupted].0);
        terminal.leave();
    }
    // A profile that exists is left as it was.
    let before = "[default]\nregion = 'eu-west-2'\n";
    let runner = new_machine(&cloud).with_file(CONFIG, before);
    let mut terminal = shell(&runner);
    terminal.type_in("gc-token init\n");
    terminal.see("Replace it? [y/N]: ");
    terminal.type_in("\x03");
    terminal.see("$ ");
    terminal.type_in("echo code=$? en''d\n");
    terminal.see("code=130 end");
    assert_eq!(config(&runner), before);
    terminal.leave();
}

#[test]
fn ctrl_c_and_ctrl_z_at_the_secret_restore_the_echo() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    let mut terminal = shell(&runner);
    let echo = "stty -a | grep -wo -e '-\\?echo' | sed 's/^/is:/'; ";
    terminal.type_in(&format!("gc-token init --region Ireland --client-id {CLIENT}\n"));
    terminal.see("prints it): ");
    terminal.type_in("\x1a");
    terminal.see("Stopped");
    terminal.type_in(&format!("{echo} echo at the sh''ell\n"));
    terminal.see("is:echo");
    terminal.see("at the shell");
    terminal.type_in("fg\n");
    terminal.see("prints it): ");
    // The echo is off again.
    terminal.type_in(&SECRET[..10]);
    terminal.type_in("\x03");
    terminal.see("$ ");
    terminal.type_in(&format!("echo code=$?; {echo} echo en''d\n"));
    terminal.see("code=130");
    terminal.see("is:echo");
    terminal.see("end");
    assert!(!terminal.transcript().contains(&SECRET[..10]), "{}", terminal.transcript());
    assert!(!runner.home().join(".config").exists());
    terminal.leave();
}

#[test]
fn the_end_of_input_is_an_error_and_an_existing_profile_is_not_replaced_unasked() {
    let cloud = cloud(SandboxConfig::default());
    let before = "# mine\n[default]\nregion = 'eu-west-2' # here\n";
    let runner = new_machine(&cloud).with_file(CONFIG, before);
    let mut terminal = shell(&runner);
    terminal.type_in("gc-token init; echo code=$?\n");
    answer(&mut terminal, "Replace it? [y/N]: ", "");
    terminal.see("replace it with --force");
    terminal.see("code=3");
    terminal.type_in("gc-token init --profile other; echo code=$?\n");
    terminal.see("lists them): ");
    terminal.type_in("\x04");
    terminal.see("the input has ended");
    terminal.see("code=3");
    assert_eq!(config(&runner), before);
    terminal.leave();
}
