//! The clouds of Azure, as Terraform names them.

use crate::context::Environment;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::first;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AzureCloud {
    pub(super) blob_domain: &'static str,
    pub(super) authority_host: &'static str,
}

pub(super) const PUBLIC: AzureCloud = AzureCloud {
    blob_domain: "blob.core.windows.net",
    authority_host: "https://login.microsoftonline.com",
};

const US_GOVERNMENT: AzureCloud = AzureCloud {
    blob_domain: "blob.core.usgovcloudapi.net",
    authority_host: "https://login.microsoftonline.us",
};

const CHINA: AzureCloud = AzureCloud {
    blob_domain: "blob.core.chinacloudapi.cn",
    authority_host: "https://login.chinacloudapi.cn",
};

const VARIABLE: &str = "ARM_ENVIRONMENT";

impl AzureCloud {
    /// # Errors
    /// If the variable names none.
    pub(super) fn of(env: &Environment) -> Result<AzureCloud, SettingsError> {
        let Some(named) = first(env, [VARIABLE]) else {
            return Ok(PUBLIC);
        };
        match named.value.to_ascii_lowercase().as_str() {
            "public" | "azurepubliccloud" | "azurecloud" => Ok(PUBLIC),
            "usgovernment" | "usgovernmentl4" | "usgovernmentl5" | "azureusgovernment" => {
                Ok(US_GOVERNMENT)
            }
            "china" | "azurechinacloud" => Ok(CHINA),
            _ => Err(SettingsError::new(
                format!("{VARIABLE} names no cloud of Azure"),
                "set it to public, usgovernment or china",
            )),
        }
    }
}
