//! The text formats of metrics: that of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>), which the `textfile`
//! collector of its node exporter reads too, and OpenMetrics
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::fmt::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpositionFormat {
    Prometheus,
    OpenMetrics,
}

/// The samples of one name, with different labels.
pub(super) struct MetricFamily {
    /// Without the suffix of a counter, a histogram or an info metric.
    pub(super) name: &'static str,
    pub(super) metric_type: MetricType,
    pub(super) help: &'static str,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricType {
    Counter,
    Gauge,
    Histogram,
    /// Labels whose value is always 1.
    Info,
}

pub(super) struct Sample {
    /// Follows the name, as in `_total`.
    pub(super) suffix: &'static str,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: f64,
}

impl ExpositionFormat {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            ExpositionFormat::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            ExpositionFormat::OpenMetrics => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    pub(super) fn render(self, families: &[MetricFamily]) -> String {
        let mut text = String::new();
        for family in families {
            self.render_family(family, &mut text);
        }
        if self == ExpositionFormat::OpenMetrics {
            text += "# EOF\n";
        }
        text
    }

    fn render_family(self, family: &MetricFamily, text: &mut String) {
        let MetricFamily { name, metric_type, help, samples } = family;
        let (described, type_name) = match (self, metric_type) {
            (_, MetricType::Gauge) => (name.to_string(), "gauge"),
            (_, MetricType::Histogram) => (name.to_string(), "histogram"),
            (ExpositionFormat::OpenMetrics, MetricType::Counter) => (name.to_string(), "counter"),
            (ExpositionFormat::OpenMetrics, MetricType::Info) => (name.to_string(), "info"),
            (ExpositionFormat::Prometheus, MetricType::Counter) => {
                (format!("{name}_total"), "counter")
            }
            (ExpositionFormat::Prometheus, MetricType::Info) => (format!("{name}_info"), "gauge"),
        };
        let _ = writeln!(text, "# HELP {described} {help}\n# TYPE {described} {type_name}");
        if self == ExpositionFormat::OpenMetrics && name.ends_with("_seconds") {
            let _ = writeln!(text, "# UNIT {described} seconds");
        }
        for Sample { suffix, labels, value } in samples {
            let labels = self.labels(labels);
            let _ = writeln!(text, "{name}{suffix}{labels} {value}");
        }
    }

    /// The values need no escapes: none comes from outside.
    fn labels(self, labels: &[(&str, String)]) -> String {
        if labels.is_empty() {
            return String::new();
        }
        let pairs: Vec<_> = labels
            .iter()
            .map(|(name, value)| {
                // OpenMetrics requires the canonical form of a bound.
                let is_whole = *name == "le" && value.bytes().all(|byte| byte.is_ascii_digit());
                let fraction =
                    if is_whole && self == ExpositionFormat::OpenMetrics { ".0" } else { "" };
                format!("{name}=\"{value}{fraction}\"")
            })
            .collect();
        format!("{{{}}}", pairs.join(","))
    }
}

impl Sample {
    pub(super) fn new(value: f64) -> Sample {
        Sample { suffix: "", labels: Vec::new(), value }
    }

    pub(super) fn with_suffix(self, suffix: &'static str) -> Sample {
        Sample { suffix, ..self }
    }

    pub(super) fn with_label(mut self, name: &'static str, value: impl ToString) -> Sample {
        self.labels.push((name, value.to_string()));
        self
    }
}
