# genesys-cloud.tf, for HCP Terraform, whose runners start terraform themselves.
#
# gc-token takes part as a provider, which is uploaded with the configuration. On Linux, with
# gc-token from a release, which runs on HCP's runners as it is:
#
#     gc-token terraform install --mirror terraform.d/plugins
#     terraform providers lock -fs-mirror=terraform.d/plugins -platform=linux_amd64 \
#       terraform.local/gc-token/gctoken
#     terraform providers lock -platform=linux_amd64 mypurecloud/genesyscloud
#
# Environment variables of the workspace, the last one sensitive:
#
#     GENESYSCLOUD_REGION = eu-west-1
#     GENESYSCLOUD_OAUTHCLIENT_ID
#     GENESYSCLOUD_OAUTHCLIENT_SECRET
terraform {
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
    gctoken = {
      source  = "terraform.local/gc-token/gctoken"
      version = "0.1.0"
    }
  }
}

# Plan and apply each ask for a token, which is stored in neither state nor plan. For an apply
# that may outlive it: the ephemeral resource gctoken_gateway.
ephemeral "gctoken_access_token" "this" {
  min_ttl = "30m"
}

provider "genesyscloud" {
  access_token = ephemeral.gctoken_access_token.this.access_token
  aws_region   = ephemeral.gctoken_access_token.this.aws_region
}
