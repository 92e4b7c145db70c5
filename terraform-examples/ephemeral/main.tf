# A Genesys Cloud access token as an ephemeral resource.
#
# The token is in neither the state nor a saved plan; each run opens it anew.

terraform {
  # OpenTofu: 1.11 or later.
  required_version = ">= 1.10"

  required_providers {
    gctoken = {
      source  = "terraform.local/gc-token/gctoken"
      version = ">= 0.1"
    }
  }
}

variable "region" {
  description = "Region of Genesys Cloud, such as eu-west-1; null: GENESYSCLOUD_REGION or the profile."
  type        = string
  default     = null
}

variable "min_ttl" {
  description = "How long the token has to live, such as 30m: longer than the longest apply. Null: gc-token's default."
  type        = string
  default     = null
}

# Credentials come from GENESYSCLOUD_OAUTHCLIENT_ID and
# GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile.
ephemeral "gctoken_access_token" "this" {
  region  = var.region
  min_ttl = var.min_ttl
}

# Warns when the API's clock is so far ahead of the issuer's that tokens die
# early there. It takes no token and holds nothing secret.
check "clocks" {
  data "gctoken_clock" "this" {
    region = var.region
  }

  assert {
    condition     = data.gctoken_clock.this.within_skew
    error_message = data.gctoken_clock.this.verdict
  }
}

# To be seen that it works: the API tells whose token it is. The token goes to
# curl by way of its standard input, because arguments can be read by every user
# of the machine.
resource "terraform_data" "who_am_i" {
  provisioner "local-exec" {
    command = <<-EOT
      printf 'Authorization: Bearer %s' "$TOKEN" |
        curl --fail --silent --show-error --header @- "$API/api/v2/tokens/me"
    EOT

    environment = {
      TOKEN = ephemeral.gctoken_access_token.this.access_token
      API   = ephemeral.gctoken_access_token.this.api_url
    }
  }
}
