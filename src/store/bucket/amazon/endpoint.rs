//! The hosts of Amazon's services, by region and by what users ask of them.

/// The kind of endpoints that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EndpointKind {
    /// Cryptography by FIPS 140.
    pub(super) is_fips: bool,
    /// IPv6 and IPv4.
    pub(super) is_dual_stack: bool,
}

/// Returns the host of S3.
pub(super) fn s3(region: &str, kind: EndpointKind) -> String {
    let fips = if kind.is_fips { "-fips" } else { "" };
    let dual_stack = if kind.is_dual_stack { ".dualstack" } else { "" };
    format!("s3{fips}{dual_stack}.{region}.{}", domain(region))
}

/// Returns the host of the service that hands out credentials.
pub(super) fn sts(region: &str, kind: EndpointKind) -> String {
    // Where everything is by FIPS 140, its host has no other name.
    let fips = if kind.is_fips && !region.starts_with("us-gov-") { "-fips" } else { "" };
    format!("sts{fips}.{region}.{}", domain(region))
}

fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_of_amazons_documentation() {
        let kind = |is_fips, is_dual_stack| EndpointKind { is_fips, is_dual_stack };
        for (region, kind, host_of_s3, host_of_sts) in [
            (
                "eu-west-1",
                kind(false, false),
                "s3.eu-west-1.amazonaws.com",
                "sts.eu-west-1.amazonaws.com",
            ),
            (
                "us-east-1",
                kind(true, false),
                "s3-fips.us-east-1.amazonaws.com",
                "sts-fips.us-east-1.amazonaws.com",
            ),
            (
                "us-gov-west-1",
                kind(true, false),
                "s3-fips.us-gov-west-1.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com",
            ),
            (
                "eu-west-1",
                kind(false, true),
                "s3.dualstack.eu-west-1.amazonaws.com",
                "sts.eu-west-1.amazonaws.com",
            ),
            (
                "us-west-2",
                kind(true, true),
                "s3-fips.dualstack.us-west-2.amazonaws.com",
                "sts-fips.us-west-2.amazonaws.com",
            ),
            (
                "cn-north-1",
                kind(false, false),
                "s3.cn-north-1.amazonaws.com.cn",
                "sts.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            assert_eq!((&*s3(region, kind), &*sts(region, kind)), (host_of_s3, host_of_sts));
        }
    }
}
