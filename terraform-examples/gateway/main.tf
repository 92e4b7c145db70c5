# An apply that outlives its tokens, with nothing but this configuration: the provider gctoken
# opens a gateway for each plan and each apply, and the requests of the vendor's provider go
# through it.

terraform {
  # OpenTofu: 1.11 or later.
  required_version = ">= 1.10"

  required_providers {
    gctoken = {
      source  = "terraform.local/gc-token/gctoken"
      version = ">= 0.1"
    }
    genesyscloud = {
      source  = "mypurecloud/genesyscloud"
      version = ">= 1.53"
    }
  }
}

# Credentials come from GENESYSCLOUD_OAUTHCLIENT_ID and
# GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile; the region, too.
ephemeral "gctoken_gateway" "this" {}

provider "genesyscloud" {
  access_token = ephemeral.gctoken_gateway.this.access_token
  aws_region   = ephemeral.gctoken_gateway.this.aws_region

  # With the default of 10 the provider fills its pool of clients concurrently
  # when there is a gateway, and now and then dies of "concurrent map writes".
  token_pool_size = 1

  gateway {
    host     = ephemeral.gctoken_gateway.this.host
    port     = ephemeral.gctoken_gateway.this.port
    protocol = ephemeral.gctoken_gateway.this.protocol
  }
}

variable "skills" {
  description = "How many skills to make: with many, an apply takes long."
  type        = number
  default     = 10
}

resource "genesyscloud_routing_skill" "this" {
  count = var.skills
  name  = "gateway ${count.index + 1}"
}
