//! placeholder until merge
use jiff::SignedDuration;
#[allow(missing_docs)]
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    text.parse::<i64>()
        .map(SignedDuration::from_secs)
        .map_err(|e| e.to_string())
}
