//! Templates of files: `<<name>>` stands for a value, and some lines stand for several, or for none.

pub(super) struct Blocks<'a> {
    /// A line with `<<name>>` and `<<value>>` is repeated for each.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    pub(super) install: &'a str,
    /// A line with `<<if name>>` is left out unless that is true.
    pub(super) conditions: Vec<(&'static str, bool)>,
}

pub(super) fn render(template: &str, inline: &[(&str, String)], blocks: &Blocks<'_>) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let Some(line) = blocks.wanted(line) else {
            continue;
        };
        if let Some(indentation) = line.strip_suffix("<<install>>") {
            for line in blocks.install.lines() {
                text += &format!("{indentation}{line}\n");
            }
        } else if line.contains("<<name>>") {
            for (name, value) in &blocks.variables {
                text += &line.replace("<<name>>", name).replace("<<value>>", value);
                text += "\n";
            }
        } else {
            let replace = |line: String, (name, value): &(&str, String)| {
                line.replace(&format!("<<{name}>>"), value)
            };
            text += &inline.iter().fold(line.clone(), replace);
            text += "\n";
        }
    }
    text
}

impl Blocks<'_> {
    /// Returns the line without its condition; `None` if that is false.
    fn wanted(&self, line: &str) -> Option<String> {
        for (name, holds) in &self.conditions {
            let mark = format!("<<if {name}>>");
            if line.contains(&mark) {
                return holds.then(|| line.replace(&mark, ""));
            }
        }
        Some(line.to_owned())
    }
}
