//! The engine for Redis and Valkey, against real servers.

mod acl;
mod cluster;
mod faults;
mod limits;
mod password;
mod records;
mod tls;
