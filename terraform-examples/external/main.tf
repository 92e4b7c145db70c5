# A Genesys Cloud access token by way of the data source "external".
#
# The token ends up in the state, in the clear: read README.md first.

terraform {
  required_version = ">= 1.0"

  required_providers {
    external = {
      source  = "hashicorp/external"
      version = ">= 2.3"
    }
  }
}

variable "region" {
  description = "Region of Genesys Cloud, such as eu-west-1; empty: GENESYSCLOUD_REGION or the profile."
  type        = string
  default     = ""
}

variable "min_ttl" {
  description = "How long the token has to live, such as 30m: longer than the longest apply. Empty: gc-token's default."
  type        = string
  default     = ""
}

# Credentials do not go here: the query is stored in the state, and gc-token
# refuses a secret in it. They come from GENESYSCLOUD_OAUTHCLIENT_ID and
# GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile.
data "external" "token" {
  program = ["gc-token", "external"]

  query = {
    region  = var.region
    min_ttl = var.min_ttl
  }
}

locals {
  # Keeps the token out of what Terraform prints. The state holds it all the same.
  access_token = sensitive(data.external.token.result.access_token)
}

# To be seen that it works. A new token changes this value, and so makes the
# plan say that outputs change: leave it out of a real configuration.
output "expires_at" {
  description = "When the token ends, by the issuer's clock (RFC 3339, UTC)."
  value       = data.external.token.result.expires_at
}
