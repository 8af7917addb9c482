import ArgumentParser
import NIOCore
import STOMPBroker
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// `--reply`: `FROM=TO BODY`.
struct ReplyArgument: Sendable {
    /// The maximum size of a reply, in bytes.
    static let largest = BrokerLimits().reply

    let from: String
    let to: String
    let body: String

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.last?.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, rest.count == 2, !parts[0].isEmpty, !rest[0].isEmpty else {
            throw ValidationError(
                #"expected 'FROM=TO BODY', such as '/app/price=/user/queue/price {"price": 9.5}'"#)
        }
        (from, to, body) = (String(parts[0]), String(rest[0]), String(rest[1]))
    }

    /// - Parameter profile: in the profiles of Spring, a handler with a `String` parameter accepts only text.
    /// - Throws: ``Failure`` with 65 for an invalid template.
    func reply(_ profile: ServerProfile = .standard) throws -> BrokerReply {
        let template = try Template(ByteBuffer(string: body), of: "--reply \(from)", isReply: true)
        let count = Shared(0)
        return BrokerReply(from: from, to: to) { (frame) throws(BrokerReply.Failure) in
            let number = count.update { count in
                count += 1
                return count
            }
            if profile.isSpring, template.needsText, let type = frame.headers["content-type"],
                !MediaType(type).isNamed("text/plain")
            {
                throw .notText(contentType: type)
            }
            return try template.reply(to: frame, number: number, limit: Self.largest)
        }
    }
}

extension Template {
    /// The body that answers a SEND. In a template that looks like JSON, text from the SEND is escaped as in a JSON
    /// string.
    func reply(to frame: Frame, number: Int, limit: Int) throws(BrokerReply.Failure) -> ByteBuffer {
        let isJSON = looksLikeJSON
        var result = ByteBuffer()
        for piece in pieces {
            switch piece {
            case .requestBody:
                guard result.readableBytes + frame.bodySize <= limit else { throw .tooLarge(limit: limit) }
                result.writeImmutableBuffer(frame.body)
            case .requestValue(let path):
                try Self.write(path, of: frame, isJSON: isJSON, to: &result)
            case .requestHeader(let name):
                let value = frame.headers[name] ?? ""
                result.writeString(isJSON ? Self.escaped(value) : value)
            default: Self.write(piece, number: number, to: &result)
            }
            guard result.readableBytes <= limit else { throw .tooLarge(limit: limit) }
        }
        return result
    }

    /// Whether the template acts like a handler with a `String` parameter: it puts text around the body. The body
    /// alone is passed on unchanged, and a template that looks like JSON handles JSON.
    fileprivate var needsText: Bool {
        pieces.count > 1 && pieces.contains(.requestBody) && !looksLikeJSON
            && !pieces.contains { if case .requestValue = $0 { true } else { false } }
    }

    private var looksLikeJSON: Bool {
        guard case .text(let text)? = pieces.first else { return false }
        let first = text.readableBytesView.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// Text escaped for use between the quotes of a JSON string.
    private static func escaped(_ text: String) -> String {
        var out = OutputBuffer()
        var json = JSONWriter()
        json.string(text, &out)
        return String(out.text.dropFirst().dropLast())
    }

    /// Writes a value of the body: a string without its quotes, anything else unchanged.
    private static func write(
        _ path: JSONPath, of frame: Frame, isJSON: Bool, to result: inout ByteBuffer
    ) throws(BrokerReply.Failure) {
        let type = frame.headers["content-type"]
        guard type.map({ MediaType($0).isJSON }) ?? true else { throw .notJSON(contentType: type) }
        try frame.body.withUnsafeReadableBytes { bytes throws(BrokerReply.Failure) -> Void in
            switch path.value(in: bytes) {
            case .string(let text)? where isJSON: result.writeString(Self.escaped(String(buffer: text)))
            case .string(let text)?: result.writeImmutableBuffer(text)
            case .json(let range)?: result.writeBytes(bytes[range])
            case nil where JSONReader.accepts(bytes): throw .noValue(path: path.description)
            case nil: throw .notJSON(contentType: type)
            }
        }
    }
}
