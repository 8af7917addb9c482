import NIOCore

extension WireEvent.Content {
    /// What the head of a request or of an answer says.
    static func head(_ head: ByteBuffer) -> Self {
        let line = HTTPHeadLine.text(of: head)
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        if words.count > 1, words[0].hasPrefix("HTTP/"), let status = HTTPHeadLine.status(words[1]) {
            return .responseHead(
                version: String(words[0]), status: status, reason: words.count > 2 ? String(words[2]) : nil)
        }
        guard words.count == 3, words[2].hasPrefix("HTTP/") else { return .unreadableHead(firstLine: line) }
        return .requestHead(
            method: String(words[0]), target: String(words[1]), version: String(words[2]),
            wantsWebSocket: HTTPHeadLine.wantsWebSocket(head))
    }
}

/// Reads heads of HTTP that need not be ones, for people.
enum HTTPHeadLine {
    /// The first line of `head`, without its end.
    static func text(of head: ByteBuffer) -> String {
        String(decoding: head.readableBytesView.prefix { $0 != 10 && $0 != 13 }, as: Unicode.UTF8.self)
    }

    /// A status code, which has three digits and is at least 100 (RFC 9110, section 15).
    static func status(_ word: Substring) -> Int? {
        guard word.utf8.count == 3, let code = Int(word), code >= 100 else { return nil }
        return code
    }

    fileprivate static func wantsWebSocket(_ head: ByteBuffer) -> Bool {
        head.readableBytesView.split(separator: UInt8(ascii: "\n")).contains { line in
            let field = String(decoding: line, as: Unicode.UTF8.self).split(separator: ":", maxSplits: 1)
            return field.count == 2 && field[0].lowercased() == "upgrade"
                && field[1].filter { !$0.isWhitespace }.lowercased() == "websocket"
        }
    }
}
