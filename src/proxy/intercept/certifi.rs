//! The certificates that Python brings along: its package certifi, from which
//! requests reads whom to trust unless a variable names a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::context::Environment;

/// Finds the files of certifi in every place where the command may find a Python: beside
/// it, in an active virtual environment, on the PATH. No program is run to ask it.
pub(super) fn files(command: Option<&Path>, env: &Environment) -> Vec<PathBuf> {
    let path = env.os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|dir| ["python3", "python"].map(|name| dir.join(name)))
        .filter(|python| python.exists());
    // A script may be started by its own name, and be run by the Python beside it.
    let programs: Vec<_> = command.map(Path::to_owned).into_iter().chain(on_path).collect();
    // pipx and uv link to what they have installed.
    let targets = programs.iter().filter_map(|program| program.canonicalize().ok());
    let virtual_environment = env.os("VIRTUAL_ENV").map(PathBuf::from);
    let user = env.os("HOME").map(|home| PathBuf::from(home).join(".local"));
    let all: BTreeSet<_> = targets
        .chain(programs.iter().cloned())
        .flat_map(|program| installations(&program))
        .chain(virtual_environment)
        .chain(user)
        // Where Debian's own Python finds what pip has installed.
        .chain([PathBuf::from("/usr/local")])
        .flat_map(|prefix| below(&prefix))
        .collect();
    all.into_iter().collect()
}

/// The installation that a program in its `bin` belongs to; or all that a shim of
/// pyenv, asdf or mise may lead to.
fn installations(program: &Path) -> Vec<PathBuf> {
    let Some((bin, prefix)) = program.parent().and_then(|bin| Some((bin, bin.parent()?))) else {
        return Vec::new();
    };
    if bin.file_name() != Some("shims".as_ref()) {
        return vec![prefix.to_owned()];
    }
    let places = ["versions", "installs/python"].map(|place| prefix.join(place));
    let entries = places.iter().flat_map(std::fs::read_dir).flatten().flatten();
    entries.map(|entry| entry.path()).collect()
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
            file("asdf/installs/python/3.13.1/lib/python3.13/site-packages"),
            file("beside/lib/python3.9/site-packages"),
            file("conda/lib/python3.12/site-packages"),
            file("home/.local/lib/python3.11/site-packages"),
            file("pipx/venvs/script/lib/python3.12/site-packages"),
            file("pyenv/versions/3.11.7/lib/python3.11/site-packages"),
            file("venv/lib/python3.11/dist-packages"),
        ];
        // No Python is found there.
        file("other/lib/python3.11/site-packages");
        file("beside/lib/perl/site-packages");
        for program in [
            "conda/bin/python3",
            "pyenv/shims/python",
            "asdf/shims/python3",
            "pipx/venvs/script/bin/script",
        ] {
            let program = dir.path().join(program);
            std::fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::fs::write(program, "").unwrap();
        }
        std::fs::create_dir_all(dir.path().join("beside/bin")).unwrap();
        let target = dir.path().join("pipx/venvs/script/bin/script");
        std::os::unix::fs::symlink(target, dir.path().join("beside/bin/script")).unwrap();
        let path = |place: &str| dir.path().join(place).display().to_string();
        let on_path = ["other/bin", "conda/bin", "pyenv/shims", "asdf/shims"].map(path).join(":");
        let env = Environment::from([
            ("PATH", on_path.as_str()),
            ("VIRTUAL_ENV", &path("venv")),
            ("HOME", &path("home")),
        ]);
        let all = files(Some(&dir.path().join("beside/bin/script")), &env);
        let own: Vec<_> = all.iter().filter(|file| file.starts_with(dir.path())).collect();
        assert_eq!(own, found.iter().collect::<Vec<_>>());
    }
}
