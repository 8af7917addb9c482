import NIOHTTP1

/// The agreed parameters of message compression: permessage-deflate (RFC 7692, section 7).
struct PerMessageDeflate: Sendable, Equatable {
    /// How one side compresses.
    struct Sender: Sendable, Equatable {
        /// Whether a message may refer back to earlier messages.
        var keepsContext = true
        /// The base-2 logarithm of the window size in bytes: 8 to 15.
        var windowBits = 15
    }

    private(set) var client = Sender()
    private(set) var server = Sender()
    /// The server's answer, which is binding for both sides.
    private(set) var answer = Self.name

    static let name = "permessage-deflate"
    /// The server may choose both windows.
    static let offer = "permessage-deflate; client_max_window_bits"

    /// The server's choice among the client's offers: the first one that has only known parameters.
    static func accepted(among offers: [WebSocketExtension]) -> PerMessageDeflate? {
        offers.lazy.compactMap { PerMessageDeflate($0, isOffer: true) }.first
    }

    /// Reads a server's answer; nil if it is another extension or does not comply with section 7.
    init?(answer: WebSocketExtension) { self.init(answer, isOffer: false) }

    private init?(_ parsed: WebSocketExtension, isOffer: Bool) {
        guard parsed.name == Self.name else { return nil }
        var names: Set<String> = []
        for (name, value) in parsed.parameters {
            guard names.insert(name).inserted else { return nil }
            answer += "; " + name
            switch (name, value) {
            case ("server_no_context_takeover", nil):
                server.keepsContext = false
            case ("client_no_context_takeover", nil):
                client.keepsContext = false
            case ("client_max_window_bits", nil) where isOffer:
                answer += "=\(client.windowBits)"
            case ("server_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                server.windowBits = bits
                answer += "=\(bits)"
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                client.windowBits = bits
                answer += "=\(bits)"
            default:
                return nil
            }
        }
    }

    private static func windowBits(_ value: String) -> Int? {
        (8...15).first { "\($0)" == value }
    }
}

/// A member of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).
struct WebSocketExtension {
    let name: String
    let parameters: [(name: String, value: String?)]

    init(_ member: Substring) {
        let parts = member.split(separator: ";", omittingEmptySubsequences: false)
        name = parts[0].withoutBlanks
        parameters = parts.dropFirst().map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (sides[0].withoutBlanks, sides.count > 1 ? Self.unquoted(sides[1].withoutBlanks) : nil)
        }
    }

    /// The extensions in a client's offer or in a server's answer.
    static func all(in headers: HTTPHeaders) -> [WebSocketExtension] {
        headers[canonicalForm: header].filter { !$0.isEmpty }.map(WebSocketExtension.init)
    }

    static let header = "Sec-WebSocket-Extensions"

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, value.first == "\"", value.last == "\"" else { return value }
        return String(value.dropFirst().dropLast())
    }
}
