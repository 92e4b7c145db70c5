//! Shared by the tests of examples: the blocks of a README, and a `PATH` with `gc-token`.

use std::path::Path;

use gc_token::internals::context::Environment;

/// Finds the code block in this language that contains `words`.
pub fn block(readme: &str, language: &str, words: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = readme.split(&fence).skip(1);
    let mut blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
    let block = blocks.find(|block| block.contains(words));
    block.expect("the README has such a block").to_owned()
}

/// Returns `PATH` with the directory of `gc-token` in front.
pub fn path() -> String {
    let gc_token = Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
    let path = Environment::of_process().text("PATH").unwrap_or_default();
    format!("{}:{path}", gc_token.display())
}
