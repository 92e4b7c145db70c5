//! What this program was built from, as `build.rs` has recorded it.

use jiff::Timestamp;

pub(crate) struct BuildInfo {
    pub(crate) version: &'static str,
    /// `None` in a debug build, and where there was no repository.
    pub(crate) commit: Option<&'static str>,
    /// Seconds since 1970.
    pub(crate) commit_seconds: Option<&'static str>,
    pub(crate) target: &'static str,
    pub(crate) libc: Option<&'static str>,
    pub(crate) rustc: Option<&'static str>,
}

impl BuildInfo {
    pub(crate) fn of_program() -> BuildInfo {
        BuildInfo {
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("GC_TOKEN_BUILD_COMMIT"),
            commit_seconds: option_env!("GC_TOKEN_BUILD_COMMIT_SECONDS"),
            target: env!("GC_TOKEN_BUILD_TARGET"),
            libc: libc(),
            rustc: option_env!("GC_TOKEN_BUILD_RUSTC"),
        }
    }

    /// In UTC.
    pub(crate) fn commit_date(&self) -> Option<String> {
        let time = Timestamp::from_second(self.commit_seconds?.parse().ok()?).ok()?;
        Some(time.to_string().chars().take_while(|char| *char != 'T').collect())
    }
}

fn libc() -> Option<&'static str> {
    let is_static = cfg!(target_feature = "crt-static");
    if cfg!(target_env = "musl") {
        Some(if is_static { "musl, static" } else { "musl, dynamic" })
    } else if cfg!(target_env = "gnu") {
        Some(if is_static { "glibc, static" } else { "glibc, dynamic" })
    } else {
        None
    }
}
