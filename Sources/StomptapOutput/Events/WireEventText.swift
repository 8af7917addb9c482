import STOMPTransport

extension WireEvent {
    /// What happened, in a few words. It is the value of `event` in `--trace-file`, which scripts read.
    package var text: String {
        switch content {
        case .connecting(let place): "connecting to \(place)"
        case .connected(let place): "connected to \(place)"
        case .closed: "closed"
        case .requestHead(let method, let target, let version, _): "\(method) \(target) \(version)"
        case .responseHead(let version, let status, let reason):
            "\(version) \(status)" + (reason.map { " \($0)" } ?? "")
        case .unreadableHead(let line): line
        case .unsolicitedAnswer: "an answer came that nobody had asked for: the connection is dropped"
        case .connectingThroughProxy(let proxy, let target): "connecting to \(target) through \(proxy)"
        case .socks(let step): step.text
        case .failed(let error): Explanation(error).sentence
        case .summary(let text): text
        }
    }
}
