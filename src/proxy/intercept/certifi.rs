//! Finds Python's certifi packages, whose CA bundle requests uses unless a variable names
//! another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::context::Environment;

/// Searches every place where the command may find a Python: beside it, in an active virtual
/// environment, on the PATH. Runs no program.
pub(super) fn find_bundles(command: Option<&Path>, env: &Environment) -> Vec<PathBuf> {
    let path = env.os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|dir| ["python3", "python"].map(|name| dir.join(name)))
        .filter(|python| python.exists());
    // A script is run by the Python beside it.
    let programs: Vec<_> = command.map(Path::to_owned).into_iter().chain(on_path).collect();
    // pipx and uv install links.
    let targets = programs.iter().filter_map(|program| program.canonicalize().ok());
    let virtual_environment = env.os("VIRTUAL_ENV").map(PathBuf::from);
    let user = env.os("HOME").map(|home| PathBuf::from(home).join(".local"));
    let all: BTreeSet<_> = targets
        .chain(programs.iter().cloned())
        .flat_map(|program| python_prefixes(&program))
        .chain(virtual_environment)
        .chain(user)
        // pip's prefix for Debian's own Python.
        .chain([PathBuf::from("/usr/local")])
        .flat_map(|prefix| bundles_below(&prefix))
        .collect();
    all.into_iter().collect()
}

/// Returns the installation prefix of a program; for a shim of pyenv, asdf or mise, those of
/// all versions.
fn python_prefixes(program: &Path) -> Vec<PathBuf> {
    let Some((bin, prefix)) = program.parent().and_then(|bin| Some((bin, bin.parent()?))) else {
        return Vec::new();
    };
    if bin.file_name() != Some("shims".as_ref()) {
        return vec![prefix.to_owned()];
    }
    let directories = ["versions", "installs/python"].map(|name| prefix.join(name));
    let entries = directories.iter().flat_map(std::fs::read_dir).flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn bundles_below(prefix: &Path) -> Vec<PathBuf> {
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
    fn every_python_that_the_command_may_find_is_searched() {
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
        // Outside of every Python installation.
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
        let all = find_bundles(Some(&dir.path().join("beside/bin/script")), &env);
        let own: Vec<_> = all.iter().filter(|file| file.starts_with(dir.path())).collect();
        assert_eq!(own, found.iter().collect::<Vec<_>>());
    }
}
