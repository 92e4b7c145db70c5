//! What the tests of examples share: the blocks of a README, and the `PATH` of
//! somebody who has installed `gc-token`.

use std::path::Path;

use gc_token::internals::context::Environment;

/// The block in this language that holds `words`.
pub fn block(readme: &str, language: &str, words: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = readme.split(&fence).skip(1);
    let mut blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
    let block = blocks.find(|block| block.contains(words));
    block.expect("the README has such a block").to_owned()
}

/// The `PATH`, with `gc-token` in it.
pub fn path() -> String {
    let gc_token = Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
    let path = Environment::Process.text("PATH").unwrap_or_default();
    format!("{}:{path}", gc_token.display())
}
