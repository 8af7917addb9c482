import NIOCore
import STOMPTransport

extension WireEvent {
    /// What happened, in a few words. It is the value of `event` in `--trace-file`, which scripts read.
    package var text: String {
        switch content {
        case .connecting(let place): "connecting to \(place)"
        case .connected(let place): "connected to \(place)"
        case .closed: "closed"
        case .handshakeDone(let summary): summary.description
        case .closeNotify: "close_notify"
        case .keysLogged(let path):
            "the keys of this session are written to \(path) (SSLKEYLOGFILE): whoever reads them reads the traffic"
        case .cannotLogKeys(let path): "SSLKEYLOGFILE=\(path) cannot be written: no keys are logged"
        case .failed(let error): Explanation(error).line
        case .summary(let text): text
        }
    }

    /// The bytes to show with it: those that it is about, or several lines on what a handshake came to.
    package var shownOctets: ByteBuffer? {
        if case .handshakeDone(let summary) = content { ByteBuffer(string: summary.text) } else { octets }
    }
}
