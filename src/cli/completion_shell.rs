//! The shells that have a completion script.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletionShell {
    /// bash from 3.2 on
    Bash,
    /// elvish
    Elvish,
    /// fish
    Fish,
    /// nushell
    Nushell,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// zsh
    Zsh,
}
