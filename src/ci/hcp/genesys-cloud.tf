# genesys-cloud.tf, for HCP Terraform, whose runners start terraform themselves.
#
# gc-token takes part as a provider, which is uploaded with the configuration. On Linux, with
# gc-token from a release, which runs on HCP's runners as it is:
#
#     gc-token terraform install --mirror terraform.d/plugins
#     terraform providers lock -fs-mirror=terraform.d/plugins -platform=linux_amd64 \
#       <<provider>>
#     terraform providers lock -platform=linux_amd64 mypurecloud/genesyscloud
#
# <<if no redis>>Environment variables of the workspace, the last one sensitive:
# <<if redis>>Environment variables of the workspace, the last two sensitive:
#
#     <<name>> = <<value>>
#     <<client-id>>
#     <<client-secret>>
#     <<if redis>>GC_TOKEN_STORE_PASSWORD
# <<if bucket>>The runs need credentials of the store: <<store-credentials>>.
terraform {
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
    gctoken = {
      source  = "<<provider>>"
      version = "<<version>>"
    }
  }
}

# Plan and apply each ask for a token, which is stored in neither state nor plan. For an apply
# that may outlive it: the ephemeral resource gctoken_gateway.
ephemeral "gctoken_access_token" "this" {
  min_ttl = "<<min-ttl>>"
}

provider "genesyscloud" {
  access_token = ephemeral.gctoken_access_token.this.access_token
  aws_region   = ephemeral.gctoken_access_token.this.aws_region
}
