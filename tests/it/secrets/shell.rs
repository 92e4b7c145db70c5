//! Just enough of the shell's grammar to see which commands a script has, and
//! what their arguments are.

pub(crate) struct Command {
    /// Assignments before the command, `NAME=value`.
    pub(crate) assignments: Vec<(String, String)>,
    /// Its name and its arguments, without what is in single quotes.
    pub(crate) words: Vec<String>,
    /// Scripts in single quotes, and in `$(...)`.
    pub(crate) nested: Vec<String>,
    /// The whole command.
    pub(crate) text: String,
}

/// The commands of a script, without comments and here-documents.
pub(crate) fn commands(script: &str) -> impl Iterator<Item = Command> {
    let text = without_here_documents(script);
    let mut reader = Reader { rest: text.chars().collect(), at: 0 };
    let mut commands = Vec::new();
    while reader.at < reader.rest.len() {
        commands.push(reader.command());
    }
    commands.into_iter().filter(|it| !it.words.is_empty() || !it.assignments.is_empty())
}

fn without_here_documents(script: &str) -> String {
    let script = script.replace("\\\n", " ");
    let mut kept = String::new();
    let mut end: Option<String> = None;
    for line in script.lines() {
        if let Some(word) = &end {
            if line.trim() == word {
                end = None;
            }
            continue;
        }
        kept += line;
        kept += "\n";
        end = line.split_once("<<").map(|(_, rest)| {
            let rest = rest.trim_start_matches(['-', '\'', '"', ' ']);
            let word = |char: &char| char.is_ascii_alphanumeric() || *char == '_';
            rest.chars().take_while(word).collect()
        });
    }
    kept
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.get(self.at).copied();
        self.at += 1;
        next
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    /// Reads up to the end of a command, and past it.
    fn command(&mut self) -> Command {
        let start = self.at;
        let mut command =
            Command { assignments: vec![], words: vec![], nested: vec![], text: String::new() };
        loop {
            match self.peek() {
                None | Some('\n' | ';' | '|' | '&' | '(' | ')') => break,
                Some(char) if char.is_whitespace() => {
                    self.at += 1;
                }
                Some('#') => {
                    while self.peek().is_some_and(|char| char != '\n') {
                        self.at += 1;
                    }
                }
                // Where output goes is no argument.
                Some('<' | '>') => {
                    while matches!(self.peek(), Some('<' | '>' | '&' | '-' | ' ')) {
                        self.at += 1;
                    }
                    self.word(&mut command.nested);
                }
                Some(_) => {
                    let word = self.word(&mut command.nested);
                    match word.split_once('=') {
                        Some((name, value)) if command.words.is_empty() && is_name(name) => {
                            command.assignments.push((name.to_owned(), value.to_owned()));
                        }
                        _ => command.words.push(word),
                    }
                }
            }
        }
        let end = self.at.min(self.rest.len());
        command.text = self.rest[start..end].iter().collect::<String>().trim().to_owned();
        self.at += 1;
        command
    }

    /// Reads a word, with what is in double quotes, and without the quotes.
    fn word(&mut self, nested: &mut Vec<String>) -> String {
        let (mut word, mut quoted) = (String::new(), false);
        while let Some(char) = self.peek() {
            let ends = char.is_whitespace() || ";|&()<>".contains(char);
            if ends && !quoted {
                break;
            }
            self.at += 1;
            match char {
                '"' => quoted = !quoted,
                '\'' if !quoted => {
                    let mut script = String::new();
                    while let Some(char) = self.next().filter(|char| *char != '\'') {
                        script.push(char);
                    }
                    nested.push(script);
                }
                '\\' => word.extend(self.next()),
                '$' if self.peek() == Some('(') => {
                    self.at += 1;
                    let script = self.substitution();
                    // For Azure Pipelines, it is a variable's name.
                    word += &format!("$({script})");
                    nested.push(script);
                }
                '$' if self.peek() == Some('{') => {
                    word.push('$');
                    let mut depth = 0;
                    while let Some(char) = self.next() {
                        word.push(char);
                        depth += i32::from(char == '{') - i32::from(char == '}');
                        if depth == 0 {
                            break;
                        }
                    }
                }
                char => word.push(char),
            }
        }
        word
    }

    /// Reads up to the closing parenthesis.
    fn substitution(&mut self) -> String {
        let (mut script, mut depth) = (String::new(), 1);
        while let Some(char) = self.next() {
            depth += i32::from(char == '(') - i32::from(char == ')');
            if depth == 0 {
                break;
            }
            script.push(char);
        }
        script
    }
}

fn is_name(text: &str) -> bool {
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    !text.is_empty() && text.chars().all(is_word)
}
