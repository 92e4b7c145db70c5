//! The certificates that Python brings along: its package certifi, from which
//! requests reads whom to trust unless a variable names a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::world::Environment;

/// Finds the files of certifi in every place where the command may find a Python: beside
/// it, in an active virtual environment, on the PATH. No program is run to ask it.
pub(super) fn files(command: Option<&Path>, env: &Environment) -> Vec<PathBuf> {
    let beside = command.and_then(Path::parent).map(Path::to_owned);
    let path = env.os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter(|dir| has_python(dir));
    // A script may be started by its own name, and be run by the Python beside it.
    let prefixes =
        beside.into_iter().chain(on_path).filter_map(|bin| Some(bin.parent()?.to_owned()));
    let virtual_environment = env.os("VIRTUAL_ENV").map(PathBuf::from);
    let user = env.os("HOME").map(|home| PathBuf::from(home).join(".local"));
    let all: BTreeSet<_> = prefixes
        .chain(virtual_environment)
        .chain(user)
        // Where Debian's own Python finds what pip has installed.
        .chain([PathBuf::from("/usr/local")])
        .flat_map(|prefix| below(&prefix))
        .collect();
    all.into_iter().collect()
}

fn has_python(bin: &Path) -> bool {
    ["python3", "python"].iter().any(|name| bin.join(name).exists())
}

/// The files below one installation prefix, for each version of Python.
fn below(prefix: &Path) -> Vec<PathBuf> {
    let libraries = std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
    let pythons =
        libraries.filter(|entry| entry.file_name().to_string_lossy().starts_with("python"));
    let packages = pythons.flat_map(|python| {
        ["site-packages", "dist-packages"].map(|packages| python.path().join(packages))
    });
    packages
        .map(|packages| packages.join("certifi/cacert.pem"))
        .filter(|file| file.is_file())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_that_the_command_may_find_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let file = |place: &str| {
            let file = dir.path().join(place).join("certifi/cacert.pem");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            file
        };
        let found = [
            file("beside/lib/python3.9/site-packages"),
            file("conda/lib/python3.12/site-packages"),
            file("home/.local/lib/python3.11/site-packages"),
            file("venv/lib/python3.11/dist-packages"),
        ];
        // No Python is found there.
        file("other/lib/python3.11/site-packages");
        file("beside/lib/perl/site-packages");
        std::fs::create_dir_all(dir.path().join("conda/bin")).unwrap();
        std::fs::write(dir.path().join("conda/bin/python3"), "").unwrap();
        let path = |place: &str| dir.path().join(place).display().to_string();
        let env = Environment::from([
            ("PATH", format!("{}:{}", path("other/bin"), path("conda/bin")).as_str()),
            ("VIRTUAL_ENV", &path("venv")),
            ("HOME", &path("home")),
        ]);
        let all = files(Some(&dir.path().join("beside/bin/script")), &env);
        let own: Vec<_> = all.iter().filter(|file| file.starts_with(dir.path())).collect();
        assert_eq!(own, found.iter().collect::<Vec<_>>());
    }
}
