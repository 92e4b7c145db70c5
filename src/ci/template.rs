//! Templates of files: `<<name>>` stands for a value, and some lines stand for several.

pub(super) struct Blocks<'a> {
    /// A line with `<<name>>` and `<<value>>` is repeated for each.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    pub(super) install: &'a str,
}

pub(super) fn render(template: &str, inline: &[(&str, String)], blocks: &Blocks<'_>) -> String {
    let mut text = String::new();
    for line in template.lines() {
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
            text += &inline.iter().fold(line.to_owned(), replace);
            text += "\n";
        }
    }
    text
}
