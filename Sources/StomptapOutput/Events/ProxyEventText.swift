import STOMPTransport

extension WireEvent.Content.SOCKSStep {
    /// What passed, in a few words.
    var text: String {
        switch self {
        case .greeting: "SOCKS5 greeting"
        case .answer: "SOCKS5 answer"
        case .credentials: "SOCKS5 user and password"
        case .connect(let target): "SOCKS5 CONNECT \(target)"
        case .request: "SOCKS5 request"
        case .reply: "SOCKS5 reply"
        case .succeeded: "SOCKS5 succeeded"
        }
    }
}
