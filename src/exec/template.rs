//! The values of `--set`: text with placeholders for properties of a token.

use crate::config::Issuer;

/// Text in which `{name}` is a placeholder, and `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    Token,
    Region,
    Domain,
    ApiUrl,
    LoginUrl,
    ExpiresAt,
}

#[derive(Clone, Copy)]
pub(super) struct TemplateContext<'a> {
    pub(super) token: &'a str,
    pub(super) expires_at: &'a str,
    pub(super) issuer: &'a Issuer,
}

impl Placeholder {
    const ALL: [Placeholder; 6] = [
        Placeholder::Token,
        Placeholder::Region,
        Placeholder::Domain,
        Placeholder::ApiUrl,
        Placeholder::LoginUrl,
        Placeholder::ExpiresAt,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Placeholder::Token => "token",
            Placeholder::Region => "region",
            Placeholder::Domain => "domain",
            Placeholder::ApiUrl => "api_url",
            Placeholder::LoginUrl => "login_url",
            Placeholder::ExpiresAt => "expires_at",
        }
    }

    pub(super) fn list() -> String {
        Placeholder::ALL.map(|placeholder| format!("{{{}}}", placeholder.name())).join(", ")
    }

    fn value<'a>(self, context: &TemplateContext<'a>) -> Option<&'a str> {
        let issuer = context.issuer;
        match self {
            Placeholder::Token => Some(context.token),
            Placeholder::ExpiresAt => Some(context.expires_at),
            Placeholder::Region => issuer.region.map(|region| region.aws),
            Placeholder::Domain => issuer.region.map(|region| region.domain),
            Placeholder::ApiUrl => issuer.api_url.as_deref(),
            Placeholder::LoginUrl => issuer.login_url.as_deref(),
        }
    }
}

impl Template {
    /// # Errors
    /// The mistake, as the end of a sentence about the template.
    pub(super) fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            parts.push(Part::Text(before.to_owned()));
            rest = if let Some(rest) = brace.strip_prefix("{{") {
                parts.push(Part::Text("{".to_owned()));
                rest
            } else if let Some(rest) = brace.strip_prefix("}}") {
                parts.push(Part::Text("}".to_owned()));
                rest
            } else {
                let (name, rest) = brace
                    .strip_prefix('{')
                    .and_then(|brace| brace.split_once('}'))
                    .ok_or("has a brace without its counterpart")?;
                let known = Placeholder::ALL.into_iter().find(|one| one.name() == name);
                let known = known.ok_or_else(|| format!("uses {{{name}}}, which is unknown"))?;
                parts.push(Part::Placeholder(known));
                rest
            };
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template(parts))
    }

    /// # Errors
    /// The placeholder whose value is not known.
    pub(super) fn fill(&self, context: &TemplateContext<'_>) -> Result<String, Placeholder> {
        let part = |part| match part {
            &Part::Placeholder(placeholder) => placeholder.value(context).ok_or(placeholder),
            Part::Text(text) => Ok(text.as_str()),
        };
        self.0.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::{ireland, stranger};

    fn filled(text: &str, issuer: &Issuer) -> Result<String, Placeholder> {
        let context =
            TemplateContext { token: "t0ken", expires_at: "1970-01-12T14:46:40Z", issuer };
        Template::parse(text).unwrap().fill(&context)
    }

    #[test]
    fn placeholders_are_filled_and_double_braces_undoubled() {
        for (text, is) in [
            ("", ""),
            ("plain = text", "plain = text"),
            ("{token}", "t0ken"),
            ("Bearer {token}{token}.", "Bearer t0kent0ken."),
            ("{region} {domain} {expires_at}", "eu-west-1 mypurecloud.ie 1970-01-12T14:46:40Z"),
            ("{api_url}|{login_url}", "https://api.mypurecloud.ie|https://login.mypurecloud.ie"),
            ("{{\"token\": \"{token}\"}}", "{\"token\": \"t0ken\"}"),
            ("{{{token}}}", "{t0ken}"),
            ("{{token}}", "{token}"),
        ] {
            assert_eq!(filled(text, &ireland()).as_deref(), Ok(is), "{text}");
        }
    }

    #[test]
    fn an_unknown_value_is_an_error() {
        for placeholder in Placeholder::ALL {
            let text = format!("{{{}}}", placeholder.name());
            assert!(filled(&text, &ireland()).is_ok(), "{text}");
            let known = matches!(placeholder, Placeholder::Token | Placeholder::ExpiresAt);
            assert_eq!(filled(&text, &stranger()).err(), (!known).then_some(placeholder));
        }
    }

    #[test]
    fn an_invalid_template_is_refused() {
        for text in ["{", "}", "a{token", "token}", "{{}", "{token}}"] {
            let refused = Template::parse(text).unwrap_err();
            assert_eq!(refused, "has a brace without its counterpart", "{text}");
        }
        for (text, name) in [("{tokn}", "{tokn}"), ("{}", "{}"), ("{ token }", "{ token }")] {
            let refused = Template::parse(text).unwrap_err();
            assert_eq!(refused, format!("uses {name}, which is unknown"));
        }
    }
}
