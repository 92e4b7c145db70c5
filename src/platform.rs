//! Everything that depends on the operating system, behind one interface.
//!
//! Only this directory has `cfg(unix)`, `std::os::unix` or the crates `rustix`, `nix` and
//! `signal-hook`. Another system is another directory beside `unix` with the same names.
//!
//! | Interface | Unix | Windows would use |
//! |---|---|---|
//! | [`boot_clock`] | `CLOCK_BOOTTIME`; on macOS `CLOCK_MONOTONIC` | `GetTickCount64`, which counts sleep |
//! | [`boot_id`] | `/proc/sys/kernel/random/boot_id` and the time namespace; `kern.bootsessionuuid` | none: each process has readings of its own, which costs one request |
//! | [`init_process`], [`is_memory_protected`] | `PR_SET_DUMPABLE`, handlers as process 1 | nothing |
//! | [`raise_file_limit`], [`with_original_file_limit`], [`ignore_file_size_limit`] | `RLIMIT_NOFILE`, SIGXFSZ | nothing: there are no such limits |
//! | [`OpenedFile`], [`TamperRisk`], [`foreign_link`], [`foreign_parent`] | owners, modes, owners of symbolic links | `%LOCALAPPDATA%` is private by inheritance: refuse other places before reading ACLs halfway |
//! | [`private_options`], [`private_temp_dir`], [`create_dirs`], [`dir_flaw`], [`file_flaw`] | modes 0600 and 0700, whatever the umask | the ACL that the parent hands down; no `chmod` in hints |
//! | [`write_lock_holder`], [`is_same_file`] | the pid in the locked file; device and inode | `LockFileEx` is mandatory: the pid goes into a file beside it, and lock files stay |
//! | [`file_system`] | `statvfs`, `/proc/self/mountinfo` | `GetDiskFreeSpaceEx`, `GetVolumeInformation` |
//! | [`is_same_variable`] | names of variables are bytes | names ignore case, also when the secret is removed |
//! | [`find_executable`], [`replace_process`], [`prepare_child`] | `X_OK`, `execve`, process group | `PATHEXT`; start, wait and return the exit code; no groups |
//! | [`Watchdog`], [`watch`] | this program again, as the leader of the command's group | a job object with kill-on-close |
//! | [`supervise`], [`HelperProcess`], [`Terminal`] | forwarded signals, job control, foreground group | Ctrl-C reaches every process of the console; wait for the end |
//! | [`StopSignals`], [`BackgroundSignals`] | SIGINT, SIGTERM, SIGHUP | `tokio::signal::windows`: Ctrl-C, Ctrl-Break, close; no reload |
//! | [`reap_orphans`] | zombies of process 1 | nothing |
//! | [`PluginSocket`], [`ParentProcess`] | Unix socket in a private directory, `getppid` | TCP on 127.0.0.1, never without mTLS; a handle of the parent |
//! | [`set_send_buffer`], [`TCP_USER_TIMEOUT`] | socket options | `setsockopt`; keep-alive alone |
//! | [`HAS_SYSTEM_PROXY_SETTINGS`], [`HAS_CA_BUNDLE`], [`GO_READS_SSL_CERT_FILE`] | macOS: true, false, false; Linux: false, true, true | true, false, false: `--intercept` stays refused |
//! | [`check_runtime_resources`], [`is_resource_exhaustion`] | file descriptors for the runtime; `EAGAIN`, `ENOMEM`, `EMFILE`, `ENFILE` | nothing; `ERROR_NOT_ENOUGH_MEMORY` and the like |

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::init_process;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(not(unix))]
compile_error!("this system needs a directory of its own in src/platform");
