import STOMPTransport
import SystemC

extension NameFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.name.rawValue, sentence)
    }

    private var sentence: String {
        switch self {
        case .noSuchHost(let host, nil): "no such host: \(printable(host))"
        case .noSuchHost(let host, let cause?):
            "no such host: \(printable(host)) (\(cause.prefix(1).lowercased() + cause.dropFirst()))"
        case .noAnswer(let host, let span): "timed out after \(span.readable) waiting for the name service (\(host))"
        }
    }
}

extension TCPFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.tcp.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .connectionRefused(let peers): "connection refused by \(Self.list(peers))"
        case .cannotConnect(let peers, let error): "cannot connect to \(Self.list(peers))\(Self.cause(error))"
        case .noAnswer(let peer, let span): "timed out after \(span.readable) connecting to \(peer)"
        case .connectionReset(let peer): "connection reset by \(peer)"
        case .connectionLost(let peer, let error): "connection to \(peer) lost\(Self.cause(error))"
        case .cannotListen(let place, let error): "cannot listen on \(place)\(Self.cause(error))"
        }
    }

    private var hint: String? {
        switch self {
        case .connectionRefused: "is the server running, and is this its port?"
        case .noAnswer: "a firewall may block it: are host and port right?"
        case .connectionReset: "see the log of the server, or of a proxy in front of it"
        case .cannotListen(_, let error?):
            switch error.code {
            case EACCES: "a port below 1024 requires root"
            case EADDRINUSE: "another process uses this port: stop it, or use another port (0 for any free port)"
            case EADDRNOTAVAIL: "this machine does not have this address: use 127.0.0.1, or 0.0.0.0 for all addresses"
            default: nil
            }
        case .cannotConnect, .connectionLost, .cannotListen(_, nil): nil
        }
    }

    private static func list(_ peers: [String]) -> String { peers.joined(separator: " and ") }

    private static func cause(_ error: SystemError?) -> String { error.map { ": \($0)" } ?? "" }
}
