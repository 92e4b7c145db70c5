//! A JSON object of the variables.

use serde::Serializer;

use super::{Bytes, Variable};
use crate::error::{Error, Kind, Result};

pub(super) fn object(variables: &[Variable<'_>]) -> Result<Bytes> {
    let mut out = Bytes::new();
    let pairs = variables.iter().map(|variable| (variable.name.as_str(), variable.value));
    serde_json::Serializer::new(&mut out).collect_map(pairs).map_err(|error| {
        Error::new(Kind::Output, "the variables cannot be written as JSON").with_source(error)
    })?;
    out.text("\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::OutputFormat::Json;
    use super::super::format::tests::set;

    #[test]
    fn is_one_line() {
        assert_eq!(set(Json, "abc").unwrap(), "{\"A\":\"abc\"}\n");
        assert_eq!(
            set(Json, "\"\\\n\u{1b}\u{2028}").unwrap(),
            "{\"A\":\"\\\"\\\\\\n\\u001b\u{2028}\"}\n"
        );
    }
}
