import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput

/// Why a value that the user typed is invalid, on the command line or at the prompt.
package struct InvalidValue: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// A duration as typed: `250ms`, `5s`, `1.5s`, `2m`, `1h`.
package struct DurationArgument: Sendable, Equatable, CustomStringConvertible {
    package let amount: TimeAmount
    package var duration: Duration { Duration(amount) }
    private let text: String

    package init(_ text: String) throws {
        let units: [(suffix: String, nanoseconds: Double)] = [
            ("ms", 1e6), ("us", 1e3), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
            let isNumber = isPlainNumber(text[...])
            throw InvalidValue(
                isNumber
                    ? "expected a unit, as in \(text)s or \(text)ms" : "expected a duration such as 250ms, 5s or 2m")
        }
        let digits = text.dropLast(unit.suffix.count)
        // A year is longer than any useful duration, and prevents overflow.
        guard isPlainNumber(digits), let number = Double(digits), number * unit.nanoseconds <= 365 * 24 * 3600e9 else {
            throw InvalidValue("expected a duration such as 250ms, 5s or 2m")
        }
        self.init(text: text, amount: .nanoseconds(Int64(number * unit.nanoseconds)))
    }

    package init(text: String, amount: TimeAmount) {
        self.text = text
        self.amount = amount
    }

    package var description: String { text }
}

/// A size in bytes as typed: `512`, `64KiB`, `1MB`.
package struct SizeArgument: Sendable, Equatable, CustomStringConvertible {
    package let bytes: Int
    private let text: String

    package init(_ text: String) throws {
        let units: [(suffix: String, bytes: Double)] = [
            ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6),
            ("GB", 1e9),
            ("B", 1), ("", 1),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
            throw InvalidValue("expected a size in bytes, such as 512, 64KiB or 1MB")
        }
        let digits = text.dropLast(unit.suffix.count)
        guard isPlainNumber(digits), let number = Double(digits), (1...Double(Int32.max)).contains(number * unit.bytes)
        else {
            throw InvalidValue("expected a size from 1 to 2147483647 bytes, such as 512, 64KiB or 1MB")
        }
        self.init(text: text, bytes: Int(number * unit.bytes))
    }

    package init(text: String, bytes: Int) {
        self.text = text
        self.bytes = bytes
    }

    package var description: String { text }
}

/// Accepts digits with at most one point. `Double` would also accept signs, exponents and names.
private func isPlainNumber(_ text: Substring) -> Bool {
    text.contains(where: \.isNumber) && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
}

/// The value of `--rate`, messages a second or a minute as typed: `500`, `500/s`, `2k/s`, `30/m`.
package struct RateArgument: Sendable, Equatable, CustomStringConvertible {
    package let perSecond: Double
    private let text: String

    package init(_ text: String) throws {
        guard let number = Self.number(text), (1e-3...1e9).contains(number) else {
            throw InvalidValue(
                "expected messages per second or minute, such as 500/s, 20k/s, 0.5/s or 30/m")
        }
        perSecond = number
        self.text = text
    }

    package var description: String { text }

    /// The rate in messages a second; nil if it is invalid.
    package static func number(_ text: String) -> Double? {
        let units: [(suffix: String, seconds: Double)] = [("/s", 1), ("/m", 60)]
        let unit = units.first { text.hasSuffix($0.suffix) }
        var digits = text.dropLast(unit?.suffix.count ?? 0)
        var factor = 1.0
        switch digits.last {
        case "k": factor = 1e3
        case "M": factor = 1e6
        default: break
        }
        if factor > 1 { digits = digits.dropLast() }
        guard digits.contains(where: \.isNumber),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits)
        else { return nil }
        return number * factor / (unit?.seconds ?? 1)
    }
}

/// A header as typed: `name: value`. One space after the colon is removed.
package struct HeaderArgument: Sendable, Equatable {
    package let header: Header

    package init(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
            throw InvalidValue("expected 'name: value'")
        }
        let value = text[text.index(after: colon)...]
        header = Header(String(text[..<colon]), String(value.first == " " ? value.dropFirst() : value))
    }

    /// Whether a secret header such as `Authorization:` has no value, because the value was typed as a separate
    /// argument.
    package static func isSecretWithoutValue(_ header: String) -> Bool {
        header.hasSuffix(":") && SecretMask.hiding.hides(header)
    }
}

extension HeaderList {
    package init(_ arguments: [HeaderArgument]) {
        self.init(arguments.map(\.header))
    }
}

/// The value of `--output`, and of `set output` at the prompt.
package enum OutputName: String, CaseIterable, Sendable {
    case pretty, json, body, raw, none

    /// - Parameter terminator: the byte after each body; nil adds nothing.
    package func form(terminator: UInt8? = UInt8(ascii: "\n")) -> OutputForm {
        switch self {
        case .pretty: .pretty
        case .json: .json
        case .body: .body(terminator: terminator)
        case .raw: .raw
        case .none: .none
        }
    }
}

/// The default content types of bodies.
package enum ContentType {
    /// Expands a short name: `json` is `application/json`.
    package static func full(_ name: String) -> String { name == json ? "application/json" : name }

    /// The short name for JSON; a body that is not JSON is rejected under it.
    private static let json = "json"

    /// Adds `content-type` unless it is present: `given`, or a guess if that is nil. An empty type adds no header.
    ///
    /// - Returns: a warning if the type is guessed and the body begins like JSON but is not JSON.
    /// - Throws: ``Failure`` with 65 if the given type is `json` and the body is not JSON.
    package static func add(_ given: String?, for body: ByteBuffer, to headers: inout HeaderList) throws -> String? {
        guard !headers.contains("content-type") else { return nil }
        let type = given.map(full) ?? guess(body)
        if !type.isEmpty { headers.append("content-type", type) }
        if given == json, body.readableBytes > 0, let fault = fault(inJSON: body) {
            throw Failure(
                .badInput, "the body is not JSON: \(fault.sentence); use -t application/json to send it anyway")
        }
        guard given == nil, type == "text/plain", startsAsJSON(body), let fault = fault(inJSON: body) else {
            return nil
        }
        return "the body looks like JSON but is invalid: \(fault.sentence); sent as text/plain"
    }

    private static func startsAsJSON(_ body: ByteBuffer) -> Bool {
        let first = body.readableBytesView.first { !" \t\r\n".utf8.contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    private static func fault(inJSON body: ByteBuffer) -> JSONFault? {
        body.withUnsafeReadableBytes { bytes in
            var reader = JSONReader(bytes)
            do throws(JSONFault) {
                try reader.skipValue()
                try reader.expectEnd()
                return nil
            } catch {
                return error
            }
        }
    }

    /// Guesses the type: `application/json` for an object or array, `text/plain` for other UTF-8,
    /// `application/octet-stream` for the rest; empty for an empty body.
    package static func guess(_ body: ByteBuffer) -> String {
        body.withUnsafeReadableBytes { bytes in
            if bytes.isEmpty { return "" }
            if JSONReader.acceptsObjectOrArray(bytes) { return "application/json" }
            return bytes.isUTF8 && !bytes.contains(0) ? "text/plain" : "application/octet-stream"
        }
    }
}
