import STOMPCore
import STOMPTransport

/// What this side has said of who it is, without values that may be secret.
public struct SentCredentials: Sendable, Hashable {
    /// Whether CONNECT had a login.
    public var hasLogin: Bool
    /// The names of further headers of CONNECT, in their order.
    public var connectHeaders: [String]
    /// The names of the headers that were given for HTTP requests, `Cookie` included; none where there were no requests.
    public var httpHeaders: [String]

    public init(hasLogin: Bool = false, connectHeaders: [String] = [], httpHeaders: [String] = []) {
        self.hasLogin = hasLogin
        self.connectHeaders = connectHeaders
        self.httpHeaders = httpHeaders
    }

    /// - Parameters:
    ///   - frame: CONNECT or STOMP.
    ///   - transport: what carries it.
    ///   - options: how that was opened.
    package init(_ frame: Frame, over transport: TransportDescription, options: TransportOptions) {
        let names = frame.headers.map(\.name)
        hasLogin = names.contains("login")
        connectHeaders = names.filter { !Self.usual.contains($0) }
        httpHeaders = transport.kind == .tcp ? [] : options.identity.givenHeaders
    }

    /// The headers that CONNECT has by itself (STOMP 1.2, "CONNECT or STOMP Frame").
    private static let usual: Set = ["accept-version", "host", "heart-beat", "login", "passcode"]
}

extension SentCredentials: CustomStringConvertible {
    /// The names, such as `login, Authorization`.
    public var description: String {
        ((hasLogin ? ["login"] : []) + connectHeaders + httpHeaders).joined(separator: ", ")
    }
}

/// What this side has sent last: what an ERROR is likely about.
public enum LastSent: Sendable, Hashable {
    /// `id` is that of a subscription, or of the message that is acknowledged.
    case frame(Command, destination: String?, id: String?)
    case heartBeat
}

/// What was sent before an ERROR, as far as that may be about it.
public struct PrecedingFrames: Sendable, Hashable {
    /// What was sent last; nil where nobody knows, or nothing was.
    public var last: LastSent?
    /// The SUBSCRIBE that the ERROR's `receipt-id` names.
    public var named: LastSent?
    /// The first SUBSCRIBE whose receipt has not come: the one that it is about, at a server that answers in order.
    public var unconfirmed: LastSent?

    public init(last: LastSent? = nil, named: LastSent? = nil, unconfirmed: LastSent? = nil) {
        self.last = last
        self.named = named
        self.unconfirmed = unconfirmed
    }
}

/// What was sent, as an ERROR is explained with it. It is kept for each frame, so no text is made before it is asked for.
struct SentBefore {
    private enum Last {
        /// Nothing, or bytes of which the session knows nothing.
        case unknown
        case frame(Frame)
        case known(LastSent)
    }

    let credentials: SentCredentials
    private var lastSent = Last.unknown
    /// The SUBSCRIBEs whose receipts have not come, in their order.
    private var subscribing: [(receipt: String, frame: LastSent)] = []

    /// The most of those that are kept.
    private static let mostSubscribing = 1000
    /// The largest frame that is kept whole until the next one is sent.
    private static let largestKept = 4 << 10

    init(_ credentials: SentCredentials = SentCredentials()) {
        self.credentials = credentials
    }

    /// What was sent before this ERROR.
    ///
    /// - Parameter receipts: those that came just before it, and that ``confirmed(_:)`` does not know of yet.
    func frames(before error: Frame, _ receipts: [String] = []) -> PrecedingFrames {
        let id = error.headers["receipt-id"]
        return PrecedingFrames(
            last: last, named: subscribing.first { $0.receipt == id }?.frame,
            unconfirmed: subscribing.first { !receipts.contains($0.receipt) }?.frame)
    }

    /// What was sent last.
    private var last: LastSent? {
        switch lastSent {
        case .unknown: nil
        case .frame(let frame): Self.last(frame)
        case .known(let last): last
        }
    }

    mutating func sent(_ frame: Frame) {
        // An ERROR that comes after it is about what went before it.
        guard frame.command != .disconnect else { return }
        if frame.command == .subscribe, subscribing.count < Self.mostSubscribing, let id = frame.headers["receipt"] {
            subscribing.append((id, Self.last(frame)))
        }
        lastSent = frame.bytes.readableBytes <= Self.largestKept ? .frame(frame) : .known(Self.last(frame))
    }

    /// A receipt came.
    mutating func confirmed(_ receipt: String) {
        guard !subscribing.isEmpty else { return }
        subscribing.removeAll { $0.receipt == receipt }
    }

    mutating func sent(_ last: LastSent) { lastSent = .known(last) }

    mutating func sentUnknown() { lastSent = .unknown }

    private static func last(_ frame: Frame) -> LastSent {
        .frame(frame.command, destination: frame.headers["destination"], id: frame.headers["id"])
    }
}
