import StomptapOutput
import StomptapRuntime

/// A measured value that can have a limit.
enum Metric: String, Sendable, CaseIterable {
    case p50, p90, p99
    case p999 = "p99.9"
    case max, mean, rate, lost, duplicated, outOfOrder, errors

    /// Whether its unit is nanoseconds.
    var isTime: Bool {
        switch self {
        case .p50, .p90, .p99, .p999, .max, .mean: true
        case .rate, .lost, .duplicated, .outOfOrder, .errors: false
        }
    }
}

/// `--fail-if`: a metric, a comparison and a limit, such as `p99>50ms`, `rate<10000/s`, `lost>0`.
package struct FailCondition: Sendable, Equatable {
    enum Comparison: String, Sendable, CaseIterable {
        // Longer operators first, because a shorter one can be a prefix of a longer one.
        case atLeast = ">="
        case atMost = "<="
        case equal = "=="
        case unequal = "!="
        case more = ">"
        case less = "<"

        func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .atLeast: value >= limit
            case .atMost: value <= limit
            case .equal: value == limit
            case .unequal: value != limit
            case .more: value > limit
            case .less: value < limit
            }
        }
    }

    let text: String
    let metric: Metric
    let comparison: Comparison
    /// In nanoseconds, messages per second, or messages.
    let limit: Double

    package init(_ text: String) throws {
        self.text = text
        let compact = text.filter { !$0.isWhitespace }
        guard let start = compact.firstIndex(where: { "<>=!".contains($0) }),
            let comparison = Comparison.allCases.first(where: { compact[start...].hasPrefix($0.rawValue) })
        else { throw Self.wrong }
        let name = compact[..<start]
        guard let metric = name == "p999" ? .p999 : Metric(rawValue: String(name)) else { throw Self.wrong }
        let value = String(compact[start...].dropFirst(comparison.rawValue.count))
        self.metric = metric
        self.comparison = comparison
        if metric.isTime {
            guard let time = try? DurationArgument(value) else { throw Self.wrong }
            limit = Double(time.amount.nanoseconds)
        } else {
            guard let number = RateArgument.number(metric == .rate ? value : value + "/s") else {
                throw Self.wrong
            }
            limit = number
        }
    }

    /// The names of all metrics, separated by blanks.
    package static var metrics: String { Metric.allCases.map(\.rawValue).joined(separator: " ") }

    private static var wrong: InvalidValue {
        InvalidValue("expected a condition such as p99>50ms, rate<1000/s or lost>0; the metrics are \(metrics)")
    }

    /// The error if the condition is true. A metric without a value fails too, because nothing shows that it is
    /// good.
    ///
    /// - Parameter value: the value of the metric, in the unit of ``limit``.
    func complaint(about value: Double?) -> String? {
        guard let value else { return "\(metric.rawValue) is unknown: nothing was measured (--fail-if '\(text)')" }
        guard comparison.holds(value, limit) else { return nil }
        let shown =
            switch metric {
            case _ where metric.isTime: Readable.time(value)
            case .rate: "\(Readable.count(value))/s"
            default: Readable.count(value)
            }
        return "\(metric.rawValue) is \(shown) (--fail-if '\(text)')"
    }
}
