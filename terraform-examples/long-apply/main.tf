# An apply that outlives its token: gc-token stands between the provider and the
# API, and renews the token while Terraform works.
#
#     gc-token exec --gateway -- terraform apply

terraform {
  required_version = ">= 1.0"

  required_providers {
    genesyscloud = {
      source  = "mypurecloud/genesyscloud"
      version = ">= 1.53"
    }
  }
}

# Address, path and token come from the environment that gc-token sets, but are
# read only into blocks that are there. The path is for a provider that asks for
# tokens by itself: the gateway knows all other requests by their token.
provider "genesyscloud" {
  # With the default of 10 the provider fills its pool of clients concurrently
  # when there is a gateway, and now and then dies of "concurrent map writes".
  # With 1 it works on one resource at a time: large applies are faster without
  # this line and the gateway block, under gc-token exec --intercept.
  token_pool_size = 1

  gateway {
    path_params {
      path_name = "login"
    }
  }
}

variable "skills" {
  description = "How many skills to make: with many, an apply takes long."
  type        = number
  default     = 10
}

resource "genesyscloud_routing_skill" "this" {
  count = var.skills
  name  = "long apply ${count.index + 1}"
}
