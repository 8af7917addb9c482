import NIOCore

/// Another protocol than the one that was expected, recognised by the first bytes that its server sends.
public enum ForeignProtocol: String, Sendable, Hashable, CaseIterable {
    case http = "HTTP"
    case tls = "TLS"
    case ssh = "SSH"
    case amqp = "AMQP"
    case smtp = "SMTP or FTP"
    /// STOMP, where something else was expected: an ERROR frame.
    case stomp = "STOMP"

    /// - Parameter bytes: the first that came from the peer.
    public init?(firstBytes bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(5))
        if head.starts(with: "HTTP/".utf8) {
            self = .http
        } else if head.starts(with: "SSH-".utf8) {
            self = .ssh
        } else if head.starts(with: "AMQP".utf8) {
            self = .amqp
        } else if head.starts(with: "220 ".utf8) || head.starts(with: "220-".utf8) {
            self = .smtp
        } else if head.count >= 2, (0x14...0x17).contains(head[0]), head[1] == 3 {
            // A TLS record: what answers plain bytes is an alert.
            self = .tls
        } else {
            return nil
        }
    }

    /// What answers HTTP in place of HTTP.
    ///
    /// - Parameter bytes: the first that came from the peer.
    init?(insteadOfHTTP bytes: some Collection<UInt8>) {
        if bytes.starts(with: "ERROR".utf8) {
            self = .stomp
        } else {
            self.init(firstBytes: bytes)
        }
    }
}
