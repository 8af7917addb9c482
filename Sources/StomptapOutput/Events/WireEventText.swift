import STOMPTransport

extension WireEvent {
    /// What happened, in a few words. It is the value of `event` in `--trace-file`, which scripts read.
    package var text: String {
        switch content {
        case .connecting(let place): "connecting to \(place)"
        case .connected(let place): "connected to \(place)"
        case .closed: "closed"
        case .summary(let text): text
        }
    }
}
