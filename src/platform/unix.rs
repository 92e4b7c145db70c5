//! Linux, macOS and other systems that follow POSIX.

mod clock;
mod conventions;
mod executable;
mod file_access;
mod file_system;
mod forwarded_signals;
mod helper_process;
mod limits;
mod memory;
mod parent_process;
mod pid_namespace;
mod plugin_socket;
mod private_files;
mod resources;
mod service_manager;
mod signals;
mod stop_signals;
mod supervise;
mod tcp;
mod terminal;
mod terminal_prompt;
mod watchdog;

use std::ffi::{OsStr, OsString};

pub(crate) use clock::{boot_clock, boot_id};
pub(crate) use conventions::{GO_READS_SSL_CERT_FILE, HAS_CA_BUNDLE, HAS_SYSTEM_PROXY_SETTINGS};
pub(crate) use executable::{
    DEFAULT_PATH, ProcessGroup, SHELL, find_executable, is_exec_format_error, is_path,
    prepare_child, replace_process,
};
pub(crate) use file_access::{
    ForeignDir, OpenedFile, TamperRisk, foreign_link, foreign_parent, make_private_command,
};
pub(crate) use file_system::{FileSystem, file_system};
pub(crate) use forwarded_signals::ForwardedSignals;
pub(crate) use helper_process::{
    HelperProcess, HelperState, forward_keyboard_signal, set_nonblocking, stop_own_job,
};
pub(crate) use limits::{ignore_file_size_limit, raise_file_limit, with_original_file_limit};
pub(crate) use memory::is_memory_protected;
pub(crate) use parent_process::ParentProcess;
pub(crate) use pid_namespace::reap_orphans;
pub(crate) use plugin_socket::PluginSocket;
pub(crate) use private_files::{
    PrivacyFlaw, check_writable, close_dir_command, create_dirs, describe_access, dir_flaw,
    file_flaw, is_link_error, is_same_file, private_file_in, private_options,
    private_options_without_links, private_temp_dir, public_temp_file, restore_owner_access,
    write_lock_holder,
};
pub(crate) use resources::{check_runtime_resources, is_resource_exhaustion};
pub(crate) use service_manager::ServiceManager;
pub(crate) use signals::{InterruptGuard, write_from_background};
pub(crate) use stop_signals::{BackgroundSignals, StopSignal, StopSignals};
pub(crate) use supervise::supervise;
pub(crate) use tcp::{set_send_buffer, set_tcp_user_timeout};
pub(crate) use terminal::{Terminal, is_foreground_stderr};
pub(crate) use terminal_prompt::TerminalPrompt;
pub(crate) use watchdog::{Watchdog, watch};

/// Prepares the process. To be called first of all, before a secret is read.
pub fn init_process() {
    signals::exit_on_signals_as_process_1();
    memory::protect_memory();
}

/// Waits a moment for other threads that hold a signal back. To be called last of all.
pub fn end_process() {
    signals::release_guards();
}

/// `variables` are sorted by name.
pub(crate) fn find_variable<'a>(
    variables: &'a [(OsString, OsString)],
    name: &str,
) -> Option<&'a OsStr> {
    let by_name = |(known, _): &(OsString, OsString)| known.as_os_str().cmp(name.as_ref());
    Some(&variables[variables.binary_search_by(by_name).ok()?].1)
}

pub(crate) fn is_same_variable(one: &OsStr, other: &OsStr) -> bool {
    one == other
}
