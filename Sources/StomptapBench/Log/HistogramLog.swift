import NIOCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// A log of latencies with one interval per line, in the format of HdrHistogram's tools (version 1.3).
///
/// The counts of the run have no place in that format. They are in a comment, which the tools ignore.
enum HistogramLog {
    static func head(start: Timestamp) -> String {
        let seconds = Readable.decimal(Double(start.nanoseconds / 1_000_000) / 1000, digits: 3)
        return """
            #[stomptap \(Version.current) bench: latencies in nanoseconds]
            #[Histogram log format version 1.3]
            #[BaseTime: \(seconds) (seconds since epoch)]
            #[StartTime: \(seconds) (seconds since epoch), \(date(start))]
            "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"

            """
    }

    /// The line for the latencies of an interval.
    ///
    /// - Parameters:
    ///   - start: nanoseconds since the start of the log.
    ///   - length: the length of the interval, in nanoseconds.
    static func line(_ latencies: Latencies, start: Int64, length: Int64) -> String {
        let numbers = [
            Readable.decimal(Double(start) / 1e9, digits: 3), Readable.decimal(Double(length) / 1e9, digits: 3),
            // In milliseconds, as in all such logs.
            Readable.decimal(Double(latencies.max) / 1e6, digits: 3),
        ]
        return numbers.joined(separator: ",") + "," + Base64.encode(HistogramEncoding.encode(latencies)) + "\n"
    }

    private static let countsMark = "#[stomptap counts:"

    static func line(_ counts: Counts) -> String {
        let pairs = Counts.names.map { "\($0.name)=\(counts[keyPath: $0.path])" }
        return countsMark + " " + pairs.joined(separator: " ") + "]\n"
    }

    /// `Sat Nov 21 15:00:00 2026`, in UTC.
    private static func date(_ time: Timestamp) -> String {
        let parts = time.calendar(isLocal: false)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var clock: [UInt8] = []
        clock.appendClock(parts)
        return "\(days[Int(parts.tm_wday) % 7]) \(months[Int(parts.tm_mon) % 12]) \(parts.tm_mday) "
            + "\(String(decoding: clock, as: UTF8.self)) \(parts.tm_year + 1900) UTC"
    }

    /// The counts of a run, as a log passes them to `--merge`.
    struct Counts: Sendable, Equatable {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        var lost: UInt64 = 0
        var duplicated: UInt64 = 0
        var outOfOrder: UInt64 = 0
        /// The duration of the longest run.
        var milliseconds: UInt64 = 0

        /// The maximum duration that fits into 63-bit nanoseconds.
        fileprivate static let mostMilliseconds = UInt64(Int64.max / 1_000_000)

        fileprivate static let names: [(name: String, path: WritableKeyPath<Counts, UInt64> & Sendable)] = [
            ("sent", \.sent), ("received", \.received), ("lost", \.lost), ("duplicated", \.duplicated),
            ("outOfOrder", \.outOfOrder), ("milliseconds", \.milliseconds),
        ]

        mutating func add(_ other: Counts) {
            let longest = max(milliseconds, other.milliseconds)
            for (_, path) in Self.names {
                self[keyPath: path] = self[keyPath: path].addingClamped(other[keyPath: path])
            }
            milliseconds = longest
        }
    }

    /// The sum of the logs of several runs.
    struct Content: Sendable {
        var latencies = Latencies()
        var counts = Counts()
        /// Whether every log contained the counts of its run.
        var hasCounts = true

        /// Adds a log.
        ///
        /// - Throws: ``Failure`` with 65 that names the invalid line.
        mutating func add(_ text: String, name: String) throws {
            var isCounted = false
            for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            {
                let isGood: Bool
                if line.hasPrefix(countsMark) {
                    isCounted = true
                    isGood = addCounts(line)
                } else {
                    isGood = line.isEmpty || line.first == "#" || line.first == "\"" || addLatencies(line)
                }
                guard isGood else {
                    throw Failure(.badInput, "\(name): not an HdrHistogram log (line \(number + 1))")
                }
            }
            hasCounts = hasCounts && isCounted
        }

        private mutating func addLatencies(_ line: Substring) -> Bool {
            guard let encoded = line.split(separator: ",").last, let bytes = Base64.decode(encoded) else {
                return false
            }
            return HistogramEncoding.add(bytes, to: &latencies)
        }

        /// Adds the known counts of a line; false if a number is invalid or too large.
        private mutating func addCounts(_ line: Substring) -> Bool {
            var counts = Counts()
            for word in line.dropFirst(countsMark.count).split(whereSeparator: { $0 == " " || $0 == "]" }) {
                let pair = word.split(separator: "=", maxSplits: 1)
                guard let path = Counts.names.first(where: { $0.name == pair.first ?? "" })?.path else { continue }
                guard pair.count == 2, let number = UInt64(pair[1]) else { return false }
                counts[keyPath: path] = number
            }
            guard counts.milliseconds <= Counts.mostMilliseconds else { return false }
            self.counts.add(counts)
            return true
        }
    }
}

extension UInt64 {
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// The file to which the latencies of a run are written as they are measured. It can be read even if the run is
/// interrupted.
package final class HistogramLogFile: Sendable {
    private let path: String
    private let descriptor: Int32
    private let buffer: Shared<OutputBuffer>

    /// - Throws: ``Failure`` with 73.
    init(_ path: String, start: Timestamp) throws {
        self.path = path
        descriptor = try OutputFile.opened(path, of: "--hdr")
        var buffer = OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path))
        buffer.append(HistogramLog.head(start: start))
        self.buffer = Shared(buffer)
    }

    deinit {
        close(descriptor)
    }

    /// Adds a line; a write error is thrown by ``finish(_:)``.
    func add(_ latencies: Latencies, start: Int64, length: Int64) {
        let line = HistogramLog.line(latencies, start: start, length: length)
        buffer.update { buffer in
            buffer.append(line)
            try? buffer.flush()
        }
    }

    /// - Throws: ``Failure`` with 74 if a write has failed.
    func finish(_ counts: HistogramLog.Counts) throws {
        var failure: OutputError?
        buffer.update { buffer in
            buffer.append(HistogramLog.line(counts))
            do throws(OutputError) { try buffer.flush() } catch { failure = error }
        }
        if let failure { throw Failure(.writeFailed, failure.description) }
    }
}
