//! Everything that depends on the operating system, behind one interface.
//!
//! Only this directory mentions `cfg(unix)`, `target_os`, `std::os::unix`, `rustix`, `nix`,
//! `signal_hook` or `tokio::signal::unix`; `tests/words` checks that. Another system gets a
//! directory beside `unix` that offers the same names. This is what a Windows version of
//! each would be:
//!
//! | Interface | Unix | Windows |
//! |---|---|---|
//! | [`boot_clock`] | `CLOCK_BOOTTIME`; on macOS `CLOCK_MONOTONIC` | `GetTickCount64`, which counts sleep, never the unbiased clocks |
//! | [`boot_id`] | `/proc/sys/kernel/random/boot_id` and the time namespace; `kern.bootsessionuuid` | an error: without an identity, readings of other processes do not compare, which costs one request |
//! | [`init_process`], [`is_memory_protected`] | `PR_SET_DUMPABLE`; signal handlers of process 1 | nothing, `None` |
//! | [`raise_file_limit`], [`with_original_file_limit`], [`ignore_file_size_limit`] | `RLIMIT_NOFILE`, SIGXFSZ | nothing: there are no such limits |
//! | [`OpenedFile`], [`TamperRisk`], [`foreign_link`], [`foreign_parent`], [`ForeignDir`] | owners, modes, owners of symbolic links | `%LOCALAPPDATA%` is private by inheritance; refuse other places rather than read ACLs halfway |
//! | [`private_options`], [`private_options_without_links`], [`is_link_error`], [`private_temp_dir`], [`private_file_in`], [`public_temp_file`], [`create_dirs`], [`restore_owner_access`] | modes 0600, 0644 and 0700, whatever the umask; `O_NOFOLLOW` | the inherited ACL; `FILE_FLAG_OPEN_REPARSE_POINT` |
//! | [`dir_flaw`], [`file_flaw`], [`PrivacyFlaw`], [`check_writable`], [`describe_access`] | owner and mode | owner and ACL |
//! | [`close_dir_command`], [`make_private_command`] | `chmod` | `icacls`, or no hint |
//! | [`is_same_file`], [`write_lock_holder`] | device and inode; the pid in the locked file | volume and file index; `LockFileEx` is mandatory, so the pid goes into a file beside it, and lock files are not removed |
//! | [`FileSystem`], [`file_system`] | `statvfs`, `/proc/self/mountinfo` | `GetDiskFreeSpaceEx`, `GetVolumeInformation` |
//! | [`is_same_variable`], [`find_variable`] | names of variables are bytes | names ignore case, above all when the client secret is removed |
//! | [`is_path`], [`find_executable`], [`is_exec_format_error`], [`DEFAULT_PATH`], [`SHELL`] | `X_OK`; `/bin/sh` for scripts without an interpreter | `PATHEXT` for .cmd and .bat |
//! | [`replace_process`] | execve(2) | start, wait, exit with the same code |
//! | [`ProcessGroup`], [`prepare_child`], [`Watchdog`], [`watch`] | this program again, as the leader of the command's process group | a job object with kill-on-close |
//! | [`supervise`], [`ForwardedSignals`] | forwarded signals, job control, foreground group | wait: Ctrl-C reaches every process of the console by itself |
//! | [`Terminal`], [`HelperProcess`], [`HelperState`], [`stop_own_job`], [`forward_keyboard_signal`], [`set_nonblocking`] | foreground group, stopped processes, `O_NONBLOCK` | the console is shared; `PeekNamedPipe` |
//! | [`write_from_background`], [`is_foreground_stderr`] | blocks SIGTTOU; the foreground group | writes; `true` |
//! | [`InterruptGuard`], [`end_process`] | SIGINT, SIGTERM and SIGHUP wait until a line is erased or a turn is given back | a handler of the console's events, which may wait for five seconds before it returns |
//! | [`TerminalPrompt`] | `/dev/tty` without `ECHO`, which signals restore | `CONIN$` without `ENABLE_ECHO_INPUT` |
//! | [`StopSignals`], [`StopSignal`], [`BackgroundSignals`] | SIGINT, SIGTERM, SIGHUP | Ctrl-C, Ctrl-Break and close; no reload |
//! | [`ServiceManager`] | sd_notify(3): a datagram to a Unix socket | an error: the manager of services calls functions of its own |
//! | [`reap_orphans`] | zombies of process 1 | nothing |
//! | [`PluginSocket`], [`ParentProcess`] | Unix socket in a private directory; `getppid` | TCP on 127.0.0.1, never without mTLS; a handle of the parent |
//! | [`set_send_buffer`], [`set_tcp_user_timeout`] | `SO_SNDBUF`; `TCP_USER_TIMEOUT` on Linux | `SO_SNDBUF`; `TCP_MAXRT` |
//! | [`check_runtime_resources`], [`is_resource_exhaustion`] | `EMFILE`, `ENFILE`, `EAGAIN`, `ENOMEM` | nothing; `ERROR_NOT_ENOUGH_MEMORY` and the like |
//! | [`HAS_SYSTEM_PROXY_SETTINGS`], [`HAS_CA_BUNDLE`], [`GO_READS_SSL_CERT_FILE`] | macOS: true, false, false; Linux: false, true, true | true, false, false, so that `--intercept` is refused |

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(unix)]
pub use unix::{end_process, init_process};

#[cfg(not(unix))]
compile_error!("this system needs a directory of its own in src/platform");

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_describes_the_whole_interface() {
        let interface = include_str!("platform/unix.rs");
        let table = include_str!("platform.rs");
        let exported = interface.split("pub(crate) use ").skip(1).map(|rest| {
            let (_, names) = rest.split_once(';').unwrap().0.split_once("::").unwrap();
            names.trim_matches(['{', '}']).split(',').map(str::trim)
        });
        let functions =
            interface.split("fn ").skip(1).map(|rest| rest.split_once(['(', '<']).unwrap().0);
        let mut count = 0;
        for name in exported.flatten().chain(functions).filter(|name| !name.is_empty()) {
            assert!(table.contains(&format!("[`{name}`]")), "{name} is not in the table");
            count += 1;
        }
        assert!(count > 50, "{count}");
    }
}
