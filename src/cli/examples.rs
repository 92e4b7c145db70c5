//! Examples of each command, and the page of the book about it: for help and manual pages.

pub(crate) struct CommandGuide {
    /// Without the program's name; empty for the overview.
    pub(crate) command: &'static str,
    /// Below `book/src`.
    page: &'static str,
    pub(crate) examples: &'static [UsageExample],
}

pub struct UsageExample {
    pub line: &'static str,
    /// A phrase without a full stop.
    pub purpose: &'static str,
}

/// The book of this version. The file of a page is named, so that the address is right without
/// a web server for the book.
const BOOK: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/v", env!("CARGO_PKG_VERSION"), "/book/src/");

impl CommandGuide {
    pub(crate) fn find(command: &str) -> Option<&'static CommandGuide> {
        GUIDES.iter().find(|guide| guide.command == command)
    }

    pub(crate) fn url(&self) -> String {
        format!("{BOOK}{}", self.page)
    }
}

const fn guide(
    command: &'static str,
    page: &'static str,
    examples: &'static [UsageExample],
) -> CommandGuide {
    CommandGuide { command, page, examples }
}

const fn example(line: &'static str, purpose: &'static str) -> UsageExample {
    UsageExample { line, purpose }
}

pub(crate) const GUIDES: &[CommandGuide] = &[
    guide(
        "",
        "getting-started/first-token.md",
        &[
            example("gc-token demo", "See what it is for, without an account"),
            example("gc-token exec -- terraform apply", "Run a command with a token"),
            example("gc-token doctor", "Find out what is wrong"),
        ],
    ),
    guide(
        "init",
        "getting-started/first-token.md",
        &[
            example("gc-token init", "Answer a few questions"),
            example(
                "gc-token init --yes --region Ireland --client-id ID --client-secret-file FILE",
                "Without questions",
            ),
        ],
    ),
    guide(
        "external",
        "guides/terraform-before-1.10.md",
        &[example(
            r#"echo '{"region": "eu-west-1"}' | gc-token external"#,
            "Answer a query, as Terraform sends it",
        )],
    ),
    guide(
        "env",
        "guides/ci.md",
        &[
            example(r#"eval "$(gc-token env)""#, "Set the token in this shell"),
            example("gc-token env --shell fish | source", "The same in fish"),
            example(r#"eval "$(gc-token env --unset)""#, "Remove the token from this shell"),
        ],
    ),
    guide(
        "get",
        "getting-started/first-token.md",
        &[
            example("gc-token get", "Print a token"),
            example("gc-token get --region Ireland --min-ttl 1h", "One that lives for an hour"),
            example("gc-token get --json", "With its expiry and its URLs"),
        ],
    ),
    guide(
        "exec",
        "guides/long-applies.md",
        &[
            example("gc-token exec -- terraform plan", "Run a command with a token"),
            example("gc-token exec --gateway -- terraform apply", "For longer than a token lives"),
            example(
                "gc-token exec --set 'TF_VAR_token={token}' -- terraform plan",
                "Set another variable as well",
            ),
        ],
    ),
    guide(
        "gateway",
        "guides/services.md",
        &[
            example("gc-token gateway", "Serve until Ctrl-C"),
            example("gc-token gateway --listen 127.0.0.1:9000", "On a fixed port"),
            example(
                "gc-token gateway --metrics-listen 127.0.0.1:9464",
                "With metrics and a status page",
            ),
        ],
    ),
    guide(
        "status",
        "concepts/cache.md",
        &[
            example("gc-token status", "Show the cached token's state"),
            example("gc-token status --json", "For a program"),
        ],
    ),
    guide(
        "revoke",
        "concepts/security.md",
        &[example("gc-token revoke", "Revoke the token that 'get' would print")],
    ),
    guide(
        "doctor",
        "troubleshooting/README.md",
        &[
            example("gc-token doctor", "Check everything"),
            example("gc-token doctor --json", "For a program"),
            example("gc-token doctor --html report.html", "As a page for a ticket"),
        ],
    ),
    guide(
        "cache",
        "concepts/cache.md",
        &[
            example("gc-token cache list", "List the cached tokens"),
            example("gc-token cache clear", "Remove them all"),
        ],
    ),
    guide(
        "cache path",
        "concepts/cache.md",
        &[example("gc-token cache path", "Print the directory")],
    ),
    guide(
        "cache list",
        "concepts/cache.md",
        &[
            example("gc-token cache list", "List the cached tokens"),
            example("gc-token cache list --json", "For a program"),
            example("gc-token cache list --store", "The client's in the store of many machines"),
        ],
    ),
    guide(
        "cache clear",
        "concepts/cache.md",
        &[
            example("gc-token cache clear", "Remove all tokens"),
            example("gc-token cache clear --store", "Those of the client in the store"),
        ],
    ),
    guide(
        "cache prune",
        "concepts/cache.md",
        &[example("gc-token cache prune", "Remove the expired tokens")],
    ),
    guide(
        "config",
        "reference/settings.md",
        &[
            example("gc-token config show", "See each setting and where it comes from"),
            example("gc-token config check", "Find every mistake"),
        ],
    ),
    guide(
        "config show",
        "reference/settings.md",
        &[
            example("gc-token config show", "See each setting and where it comes from"),
            example("gc-token config show -v", "With values that others override"),
        ],
    ),
    guide(
        "config check",
        "reference/settings.md",
        &[example("gc-token config check", "Find every mistake")],
    ),
    guide(
        "config schema",
        "reference/settings.md",
        &[example("gc-token config schema > config.schema.json", "Save the schema for an editor")],
    ),
    guide(
        "terraform",
        "guides/terraform.md",
        &[example("gc-token terraform install", "Install the provider for this user")],
    ),
    guide(
        "terraform install",
        "guides/terraform.md",
        &[
            example("gc-token terraform install", "Install the provider for this user"),
            example("gc-token terraform install --mirror mirror", "Into another mirror"),
        ],
    ),
    guide(
        "ci",
        "guides/ci.md",
        &[
            example("gc-token ci github", "Print the recipe for GitHub Actions"),
            example(
                "gc-token ci gitlab --sums SHA256SUMS --write .",
                "Write the files for GitLab CI into this repository",
            ),
        ],
    ),
    guide(
        "regions",
        "getting-started/first-token.md",
        &[example("gc-token regions", "List the regions")],
    ),
    guide("demo", "introduction.md", &[example("gc-token demo", "Watch it for eleven seconds")]),
    guide(
        "sandbox",
        "guides/sandbox.md",
        &[
            example("gc-token sandbox", "Serve until Ctrl-C"),
            example("gc-token sandbox -- gc-token get", "Run one command with it"),
            example("gc-token sandbox --lifetime 5m --rate 300/60s", "With limits"),
        ],
    ),
    guide(
        "completions",
        "getting-started/install.md",
        &[
            example(". <(gc-token completions bash)", "In this shell, bash"),
            example("gc-token completions fish | source", "In this shell, fish"),
            example("gc-token completions zsh > _gc-token", "A file for a directory of $fpath"),
        ],
    ),
    guide(
        "version",
        "getting-started/install.md",
        &[
            example("gc-token version", "See what it was built from"),
            example("gc-token version --json", "For a program"),
        ],
    ),
    guide(
        "man",
        "reference/cli.md",
        &[
            example("gc-token man exec > exec.1", "Save the page about 'exec'"),
            example("gc-token man --all man1", "Write every page into a directory"),
        ],
    ),
];
